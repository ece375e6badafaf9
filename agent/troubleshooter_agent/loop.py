"""The wait of PID 1 and of each recorder: descriptors, and what to call when they are ready."""

import selectors
import socket
from collections.abc import Callable
from typing import Final

Source = int | socket.socket
Handler = Callable[[int], None]  # gets READ, WRITE or both
READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE


class Loop:
    """One selector; a handler may forget any source, also one that is ready in the same turn."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._closed: set[Source] = set()

    def watch(self, source: Source, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `source` can be read."""
        self._selector.register(source, READ, lambda _events: callback())

    def want(self, source: Source, events: int, handler: Handler) -> None:
        """Call `handler` for these events from now on, and for no others; 0 for none."""
        known = self._selector.get_map().get(source)
        if source in self._closed or (known.events if known else 0) == events:
            return
        if known is None:
            self._selector.register(source, events, handler)
        elif events:
            self._selector.modify(source, events, known.data)
        else:
            self._selector.unregister(source)

    def forget(self, source: Source) -> None:
        """Watch `source` no more, if it is watched."""
        if source in self._selector.get_map():
            self._selector.unregister(source)

    def close(self, source: Source) -> None:
        """Watch `source` never again; the descriptor itself stays open, so that its number stays taken."""
        self._closed.add(source)
        self.forget(source)

    def release(self, source: Source) -> None:
        """Forget `source`, whose descriptor is about to be closed, so that its number may come back."""
        self.forget(source)
        self._closed.discard(source)

    def is_closed(self, source: Source) -> bool:
        return source in self._closed

    def turn(self, patience: float) -> None:
        """Wait at most `patience` seconds, then call what there is to call."""
        for key, events in self._selector.select(patience):
            if key.fd in self._selector.get_map():
                key.data(events)

    def descriptors(self) -> list[int]:
        """All that is watched: a forked process has no business with any of it."""
        return [key.fd for key in self._selector.get_map().values()]
