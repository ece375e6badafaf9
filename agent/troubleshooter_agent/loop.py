"""The wait of PID 1: descriptors, and what to call when they can be read."""

import selectors
import socket
from collections.abc import Callable

Source = int | socket.socket


class Loop:
    """One selector; a callback may forget any source, also one that is ready in the same turn."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def watch(self, source: Source, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `source` can be read."""
        self._selector.register(source, selectors.EVENT_READ, callback)

    def forget(self, source: Source) -> None:
        """Watch `source` no more, if it is watched."""
        if source in self._selector.get_map():
            self._selector.unregister(source)

    def turn(self, patience: float) -> None:
        """Wait at most `patience` seconds, then call what there is to call."""
        for key, _ in self._selector.select(patience):
            if key.fd in self._selector.get_map():
                key.data()

    def descriptors(self) -> list[int]:
        """All that is watched: a forked process has no business with any of it."""
        return [key.fd for key in self._selector.get_map().values()]
