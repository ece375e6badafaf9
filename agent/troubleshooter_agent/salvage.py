"""PID 1's side of the recovery: what an earlier agent left on the volume is mended by a process beside.

Started once, before the first session; PID 1 must not wait for a slow volume.
"""

from pathlib import Path

from troubleshooter_agent import children, recovery
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.summary import Summary

LOCK_SECONDS = 120.0  # for an earlier agent on the volume to let go of its casts


class Salvage:
    """The process at work, while there is one."""

    def __init__(self, loop: Loop, log: Log) -> None:
        self._loop = loop
        self._log = log
        self._child: children.Child | None = None

    @property
    def pids(self) -> frozenset[int]:
        return frozenset() if self._child is None else frozenset((self._child.pid,))

    def start(self, root: Path, folder: Path) -> None:
        """Mend what was left behind in `folder` before now; what new sessions write is not touched."""
        try:
            found = recovery.left_behind(folder)
            if found.casts or found.parts:
                self._child = children.fork(lambda _: _mend(root, found, self._log), self._loop.descriptors())
                self._loop.watch(self._child.pidfd, self._ended)
        except OSError as error:
            self._log.event("not-mended", error=error)

    def _ended(self) -> None:
        assert self._child is not None
        self._loop.forget(self._child.pidfd)
        children.exit_code(self._child)
        self._child.close()
        self._child = None


def _mend(root: Path, found: recovery.LeftBehind, log: Log) -> int:
    for mended in recovery.recover(root, found, patience=LOCK_SECONDS):
        match mended:
            case Summary(file=file, bytes=length):
                log.event("mended", file=file, bytes=length)
            case OSError() as error:
                log.event("not-mended", error=error)
    return ExitCode.OK
