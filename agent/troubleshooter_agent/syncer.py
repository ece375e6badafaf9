"""Brings a cast to the disk from a thread, off the relay's path; the recorder starts and stops it.

It knows nothing of what is written. `_thread` and eventfd(2) instead of `threading`, which has a handler
run after every fork of PID 1: what that touches of the shared memory each recorder would keep as a copy.
"""

import _thread
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from troubleshooter_agent.errors import NotRecordedError, not_recorded
from troubleshooter_agent.sink import Sink

SYNC_SECONDS: Final = 0.5


@dataclass
class Flag:
    """Set by one thread and awaited by another; while it is set, setting it again costs nothing."""

    is_set: bool = False
    _fd: int = field(default_factory=lambda: os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK))

    def set(self) -> None:
        if not self.is_set:
            self.is_set = True
            os.eventfd_write(self._fd, 1)

    def clear(self) -> None:
        """To be called by the one who waits."""
        if self.wait(0):
            os.eventfd_read(self._fd)
        self.is_set = False

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it was set, after `seconds` at the latest; without them it was."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(None if seconds is None else seconds * 1000))


class Syncer:
    """A thread that syncs a sink; it calls `took` after a sync, `failed` once when the disk says no.

    It sleeps until `unsynced` is set, by the first append after a sync began, and syncs SYNC_SECONDS later.
    """

    def __init__(
        self,
        sink: Sink,
        failed: Callable[[NotRecordedError], None],
        unsynced: Flag,
        took: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._sink = sink
        self._took = took
        self._failed = failed
        self._unsynced = unsynced
        self._over = Flag()
        self._running = _thread.allocate_lock()

    def start(self) -> None:
        """Begin; only after the program was spawned, since forking and threads do not go together."""
        self._running.acquire()
        _thread.start_new_thread(self._run, ())

    def stop(self) -> None:
        """End, and wait until the sync under way is over."""
        self._over.set()
        self._unsynced.set()
        with self._running:
            return

    def _run(self) -> None:
        try:
            self._sync_until_over()
        finally:
            self._running.release()

    def _sync_until_over(self) -> None:
        while self._has_work():
            self._unsynced.clear()  # before the sync: what is written during it is a reason for the next
            began = time.perf_counter()
            try:
                self._sink.sync()
                self._took(time.perf_counter() - began)
            except OSError as error:
                self._failed(not_recorded(error, str(self._sink.path)))
                return

    def _has_work(self) -> bool:
        self._unsynced.wait()
        return not self._over.wait(SYNC_SECONDS)
