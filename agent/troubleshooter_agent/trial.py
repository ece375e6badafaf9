"""Whether any session can still be recorded, asked of the volume after a recording has failed.

PID 1 asks while no session is open: a process of its own writes what a new recording needs first, since
a volume that is stuck must not stop PID 1. A volume that fails several times in a row ends the toolbox.
"""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from troubleshooter_agent import children, recording
from troubleshooter_agent.children import Child
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop

AGAIN_SECONDS: Final = 10.0  # between two trials; one that takes longer has failed
MOST_FAILURES: Final = 3  # in a row


class Trials:
    """Tries the volume that holds `folder`; `clock` gives seconds."""

    def __init__(self, loop: Loop, log: Log, folder: Callable[[], Path], clock: Callable[[], float]) -> None:
        self._loop = loop
        self._log = log
        self._folder = folder
        self._clock = clock
        self._known = 0
        self._failed = 0
        self._next_at: float | None = None  # None: nothing has failed since the last good trial
        self._child: Child | None = None

    @property
    def pids(self) -> frozenset[int]:
        return frozenset() if self._child is None else frozenset((self._child.pid,))

    def look(self, failures: int, *, is_recording: bool) -> bool:
        """Whether there is no hope left; `failures` counts the recordings that have failed so far."""
        if failures > self._known:
            self._known = failures
            self._next_at = self._clock() if self._next_at is None else self._next_at
        if self._next_at is None or is_recording or self._clock() < self._next_at:
            return False
        if self._child is not None:  # it should have ended by now
            signal.pidfd_send_signal(self._child.pidfd, signal.SIGKILL)
            self._forget(self._child)
            self._count("it did not answer")
        if self._failed < MOST_FAILURES:
            self._start()
        return self._failed >= MOST_FAILURES

    def _start(self) -> None:
        self._next_at = self._clock() + AGAIN_SECONDS
        folder = self._folder()
        try:
            child = children.fork(lambda _: _try(folder), self._loop.descriptors())
        except OSError as error:  # no room for a process says nothing of the volume
            self._log.event("trial-not-started", error=error)
            return
        self._child = child
        self._loop.watch(child.pidfd, lambda: self._ended(child))

    def _ended(self, child: Child) -> None:
        code = children.exit_code(child)
        self._forget(child)
        if code == ExitCode.OK:
            self._failed, self._next_at = 0, None
        else:
            self._count("it cannot be written")

    def _count(self, why: str) -> None:
        self._failed += 1
        self._log.event("volume-failed", why=why, times=self._failed)

    def _forget(self, child: Child) -> None:
        self._loop.forget(child.pidfd)
        child.close()
        self._child = None


def _try(folder: Path) -> int:
    try:
        recording.try_out(folder)
    except OSError:
        return ExitCode.NOT_RECORDED
    return ExitCode.OK
