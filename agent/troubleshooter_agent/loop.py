"""The wait of PID 1 and of each recorder: descriptors, and what to call when they are ready.

epoll(7) itself and not `selectors`: every key and every piece of output passes here, and what a recorder
runs of Python it cannot share with the others.
"""

import contextlib
import select
import socket
from collections.abc import Callable
from typing import Final

Source = int | socket.socket
Handler = Callable[[int], None]  # gets READ, WRITE or both
READ: Final = select.EPOLLIN
WRITE: Final = select.EPOLLOUT


class Loop:
    """One epoll; a handler may forget any source, also one that is ready in the same turn."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._wanted: dict[int, int] = {}
        self._handlers: dict[int, Handler] = {}
        self._closed: set[int] = set()

    def watch(self, source: Source, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `source` can be read."""
        self.want(source, READ, lambda _events: callback())

    def want(self, source: Source, events: int, handler: Handler) -> None:
        """Call `handler` for these events from now on, and for no others; 0 for none."""
        fd = _number(source)
        known = self._wanted.get(fd, 0)
        if events == known or fd in self._closed:
            return
        if not events:
            self.forget(fd)
            return
        if known:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
            self._handlers[fd] = handler
        self._wanted[fd] = events

    def forget(self, source: Source) -> None:
        """Watch `source` no more, if it is watched."""
        fd = _number(source)
        if self._wanted.pop(fd, None) is not None:
            del self._handlers[fd]
            with contextlib.suppress(OSError):  # it was closed before, and so forgotten by the kernel
                self._epoll.unregister(fd)

    def close(self, source: Source) -> None:
        """Watch `source` never again; the descriptor itself stays open, so that its number stays taken."""
        self._closed.add(_number(source))
        self.forget(source)

    def release(self, source: Source) -> None:
        """Forget `source`, whose descriptor is about to be closed, so that its number may come back."""
        self.forget(source)
        self._closed.discard(_number(source))

    def is_closed(self, source: Source) -> bool:
        return _number(source) in self._closed

    def turn(self, patience: float) -> None:
        """Wait at most `patience` seconds, then call what there is to call."""
        for fd, events in self._epoll.poll(max(0.0, patience), max(1, len(self._wanted))):
            wanted = self._wanted.get(fd)
            if wanted:
                self._handlers[fd](_ready(events) & wanted)

    def descriptors(self) -> list[int]:
        """All that is watched: a forked process has no business with any of it."""
        return list(self._wanted)


def _ready(events: int) -> int:
    """A hang-up or an error, which a read or a write will tell, is both."""
    return (READ if events & ~WRITE else 0) | (WRITE if events & ~READ else 0)


def _number(source: Source) -> int:
    return source if isinstance(source, int) else source.fileno()
