"""PID 1's side of the reporter: the process that serves HTTP and watches annotations is kept alive here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from troubleshooter_agent import channel, children, reporter
from troubleshooter_agent.children import Child
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop

RESTART_SECONDS: Final = 1.0


class Reporting:
    """The reporter, started at the first beat and again RESTART_SECONDS after it died."""

    def __init__(
        self,
        loop: Loop,
        log: Log,
        *,
        annotations: Path,
        address: tuple[str, int],
        learn: Callable[[dict[str, str]], None],
    ) -> None:
        self._loop = loop
        self._log = log
        self._annotations = annotations
        self._address = address
        self._learn = learn
        self._child: Child | None = None
        self._ended_at: float | None = None
        self._now = 0.0

    @property
    def pids(self) -> frozenset[int]:
        return frozenset() if self._child is None else frozenset((self._child.pid,))

    def beat(self, message: dict[str, Any], now: float) -> None:
        """Tell how things are, at least every second; for a slow reporter the next beat says the same."""
        self._now = now
        if self._child is None and (self._ended_at is None or now >= self._ended_at + RESTART_SECONDS):
            self._start()
        if self._child is not None:
            channel.tell(self._child.channel, message)

    def _start(self) -> None:
        try:
            child = children.fork(
                lambda ours: reporter.run(ours, annotations=self._annotations, address=self._address),
                self._loop.descriptors(),
            )
        except OSError as error:  # no room for a process now
            self._ended_at = self._now
            self._log.event("reporter-not-started", error=error)
            return
        self._child = child
        self._loop.watch(child.channel, lambda: self._hear(child))
        self._loop.watch(child.pidfd, lambda: self._ended(child))

    def _hear(self, child: Child) -> None:
        try:
            message = channel.receive(child.channel).message
        except BlockingIOError:
            return
        except channel.ChannelClosedError:
            self._loop.forget(child.channel)
            return
        match message:
            case {"annotations": dict() as files}:
                self._learn(files)

    def _ended(self, child: Child) -> None:
        code = children.exit_code(child)
        self._loop.forget(child.pidfd)
        self._loop.forget(child.channel)
        child.close()
        self._child = None
        self._ended_at = self._now
        self._log.event("reporter-ended", code=code)
