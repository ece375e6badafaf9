"""PID 1 of the toolbox: a plain loop that forks, reaps, and owns the clock and the deadlines.

All signals are blocked and read as a descriptor beside everything else. It writes no recording, reads
no terminal and serves no HTTP: those are processes of their own, which it outlives.
"""

import os
import select
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from troubleshooter_agent import annotations, cgroup, children, countdown, identity, process, signals
from troubleshooter_agent.contract import EndReason, ExitCode
from troubleshooter_agent.door import Door
from troubleshooter_agent.guard import Guard
from troubleshooter_agent.limits import DEFAULT, Limits
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.readers import Readers
from troubleshooter_agent.reception import Reception
from troubleshooter_agent.recorders import Recorders
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.reporting import Reporting
from troubleshooter_agent.salvage import Salvage
from troubleshooter_agent.session import Job
from troubleshooter_agent.shipping import Shipping
from troubleshooter_agent.sink import OpenSink
from troubleshooter_agent.termination import termination_message
from troubleshooter_agent.toolbox import Ending, ToolboxState
from troubleshooter_agent.trial import Trials

BEAT_SECONDS: Final = 1.0
LAST_WORD_SECONDS: Final = 6.0  # from the order to end to SIGKILL for whatever is left
MEND_SECONDS: Final = 10.0  # from there to our own end, while casts are being mended
COUNT_SECONDS: Final = 2.0  # what those who write the log have to count what they could not write
CLIENT_SECONDS: Final = 1.0  # what the clients have to leave with their exit status
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)
_ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_EXIT_CODES: Final = {
    # With 0 the pod has succeeded, and the kubelet forgets that it has evicted it.
    EndReason.POD_DELETED: ExitCode.TOLD_TO_GO,
    EndReason.AGENT_FAILED: ExitCode.AGENT_FAULT,
    EndReason.RECORDING_FAILED: ExitCode.NOT_RECORDED,
}


@dataclass(frozen=True)
class Settings:
    """Where the toolbox is: folders, the clients' address, the reporter's address."""

    recordings: Path
    annotations: Path
    run_folder: Path
    termination_log: Path
    address: str
    listen: tuple[str, int]
    home: str
    limits: Limits = DEFAULT
    cgroup: Path = cgroup.FOLDER
    folders: Mapping[Path, int] = field(default_factory=dict)  # and their limits in bytes


def run(settings: Settings, log: Log, open_sink: OpenSink = Recording.create) -> int:
    """Be PID 1: prepare the place, mend what an earlier agent left, then loop; the container's exit code."""
    signals.block(_SIGNALS)
    process.rename("tshoot-agent")
    process.become_undumpable()
    process.become_subreaper()
    os.umask(0)  # the modes of recordings are meant as they are; programs get an ordinary umask back
    _write_identity(settings, log)
    state = _first_state(settings)
    return Init(settings, state, log, open_sink=open_sink).run()


class Init:
    """The loop; `clock` gives seconds of CLOCK_BOOTTIME."""

    def __init__(
        self,
        settings: Settings,
        state: ToolboxState,
        log: Log,
        clock: Callable[[], float] = process.boot_time,
        *,
        open_sink: OpenSink = Recording.create,
    ) -> None:
        self._settings = settings
        self._state = state
        self._log = log
        self._clock = clock
        self._loop = Loop()
        self._signals = signals.descriptor(_SIGNALS)
        self._reporting = Reporting(
            self._loop, log, annotations=settings.annotations, address=settings.listen, learn=self._learn
        )
        self._shipping = Shipping(self._loop, log, lost=self._unlogged)
        self._recorders = Recorders(
            self._loop,
            state.sessions,
            log,
            clock=clock,
            changed=self._beat,
            spare=lambda: self._ours,
            open_sink=open_sink,
            shipping=self._shipping,
        )
        self._readers = Readers(self._loop, state.readings, log, clock)
        self._trials = Trials(self._loop, log, lambda: state.folder, clock)
        self._salvage = Salvage(self._loop, log)
        self._guard = Guard(
            self._loop,
            log,
            memory=cgroup.folder_of(settings.cgroup),
            limits=settings.folders,
            sessions=lambda: self._recorders.running,
            end=self._recorders.end,
            clock=clock,
        )
        self._next_beat = 0.0
        self._killed = False
        self._told_prompts: float | None = None  # the end that they count down to

    @property
    def _ours(self) -> frozenset[int]:
        """Children that are neither recorders nor left over from a session."""
        return (
            self._reporting.pids
            | self._trials.pids
            | self._salvage.pids
            | self._guard.pids
            | self._shipping.pids
        )

    def run(self) -> int:
        """Until the toolbox has ended; the exit code of the container."""
        self._loop.watch(self._signals, self._hear_signals)
        reception = Reception(self._state, self._recorders, self._readers, self._log, self._clock)
        Door(self._loop, self._settings.address, reception.answer)
        children.settle()
        if not self._state.projected.replay:  # which changes nothing on the volume
            self._salvage.start(self._state.root, self._state.folder)
        self._learn(annotations.read(self._settings.annotations))
        self._log.event("started", kind=self._state.kind, timeToLive=self._state.projected.time_to_live)
        try:
            while not self._is_over():
                self._loop.turn(self._patience())
                self._look_at_clock()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run ends with its last words
            self._fail(error)
        return self._leave()

    # What happens.

    def _hear_signals(self) -> None:
        for arrived in signals.read(self._signals):
            if arrived.number == signal.SIGCHLD:
                process.reap(spare=self._recorders.pids | self._ours)
            elif arrived.number in _ENDING_SIGNALS and (os.getpid() != 1 or arrived.is_from_outside):
                self._end(self._state.terminated(self._clock()))

    def _learn(self, files: dict[str, str]) -> None:
        projected, faults = annotations.project(files, self._state.projected)
        for fault in faults:
            self._log.event("annotation-ignored", why=fault)
        if projected != self._state.projected:
            self._log.event("annotations", retained=projected.retained or "", end=projected.end)
        self._state.learn(projected, self._clock())
        self._tell_prompts()
        self._beat()

    def _tell_prompts(self) -> None:
        """Keep the time in the prompts true."""
        if self._state.ends_at == self._told_prompts:
            return
        try:
            countdown.write(self._settings.run_folder, self._state.ends_at)
            self._told_prompts = self._state.ends_at
        except OSError as error:
            self._log.event("no-time-for-prompts", error=error)

    # What only time brings.

    def _patience(self) -> float:
        now = self._clock()
        return max(0.0, min(self._next_beat, self._next_look(now)) - now)

    def _next_look(self, now: float) -> float:
        ending = self._state.ending
        if ending is None:
            return min(self._state.next_look(now), self._guard.next_look())
        return self._next_beat if self._killed else ending.since + LAST_WORD_SECONDS

    def _look_at_clock(self) -> None:
        now = self._clock()
        due = self._state.due(now)
        if due is not None:
            self._end(due)
        elif self._state.ending is None:
            self._warn(now)
            self._guard.look(now)
        self._recorders.look()
        self._try_volume(now)
        if now >= self._next_beat:
            self._beat()
        self._kill_what_is_left(now)

    def _try_volume(self, now: float) -> None:
        failures = self._state.sessions.failures.total()
        is_hopeless = self._trials.look(failures, is_recording=bool(self._recorders))
        if is_hopeless and self._state.ending is None:
            self._end(Ending(EndReason.RECORDING_FAILED, "no session can be recorded any more", now))

    def _warn(self, now: float) -> None:
        for text in self._state.warnings(now):
            self._log.event("warned", text=text)
            self._recorders.tell({"say": text})
            self._readers.tell({"say": text})

    def _unlogged(self, job: Job, why: str) -> None:
        """What is recorded nowhere else does not go on."""
        self._state.sessions.failures["log"] += 1
        if not job.saved:
            self._recorders.end(job.id, f"it cannot be copied to the container's log ({why})")

    def _beat(self) -> None:
        now = self._clock()
        self._next_beat = now + BEAT_SECONDS
        self._reporting.beat(
            {
                "status": self._state.status(),
                "failures": dict(self._state.sessions.failures),
                "effort": self._state.sessions.effort.to_dict(),
                "dropped": self._log.dropped + self._shipping.dropped,
            },
            now,
        )

    # The end.

    def _end(self, ending: Ending) -> None:
        """End the toolbox: every session is told, and has LAST_WORD_SECONDS from now."""
        if self._state.ending is not None:
            return
        self._state.ending = ending
        self._log.event("ending", reason=ending.reason, why=ending.why, sessions=len(self._recorders))
        kept = "; its recordings are kept" if self._state.projected.save_to_disk else ""
        text = f"this {self._state.kind} has ended: {ending.why}{kept}"
        self._recorders.tell({"end": ending.why, "text": text})
        self._readers.tell({"end": text})
        self._beat()

    def _fail(self, error: Exception) -> None:
        """A fault of our own: the recordings are finished, and the container says whose fault it was."""
        self._log.event("agent-failed", error=repr(error), trace=traceback.format_exc())
        self._recorders.tell({"end": "the agent failed", "text": "the agent failed"})
        self._readers.tell({"end": "the agent failed"})
        _wait_for(self._recorders.pidfds, LAST_WORD_SECONDS)
        self._state.ending = Ending(EndReason.AGENT_FAILED, f"the agent failed: {error!r}", self._clock())

    def _kill_what_is_left(self, now: float) -> None:
        ending = self._state.ending
        if ending is not None and not self._killed and now >= ending.since + LAST_WORD_SECONDS:
            self._killed = True
            process.kill_descendants(os.getpid(), spare=self._reporting.pids | self._shipping.pids)

    def _is_over(self) -> bool:
        ending = self._state.ending
        if ending is None:
            return False
        if not self._recorders and not self._shipping:
            return True
        return self._clock() > ending.since + LAST_WORD_SECONDS + MEND_SECONDS

    def _leave(self) -> int:
        ending = self._state.ending
        assert ending is not None
        _wait_for(self._recorders.clients + self._readers.descriptors, CLIENT_SECONDS)
        self._shipping.stop()
        _wait_for(self._shipping.pidfds, COUNT_SECONDS)
        self._shipping.settle()
        try:
            self._settings.termination_log.write_bytes(
                termination_message(self._state.last_words(self._clock()))
            )
        except OSError as error:
            self._log.event("no-termination-message", error=error)
        self._beat()
        self._log.event("ended", reason=ending.reason, why=ending.why, sessions=self._state.sessions.count)
        return _EXIT_CODES.get(ending.reason, ExitCode.OK)


def _first_state(settings: Settings) -> ToolboxState:
    projected, _ = annotations.project(annotations.read(settings.annotations), None)
    return ToolboxState(
        started_at=process.start_of(os.getpid()),
        wall=time.time() - process.boot_time(),
        root=settings.recordings,
        projected=projected,
        limits=settings.limits,
    )


def _wait_for(descriptors: list[int], seconds: float) -> None:
    """Wait until processes have ended, by their pidfds or connections: their exit status would go with us."""
    deadline = time.monotonic() + seconds
    for descriptor in descriptors:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(max(0.0, deadline - time.monotonic()) * 1000)


def _write_identity(settings: Settings, log: Log) -> None:
    try:
        identity.write(settings.run_folder, uid=os.getuid(), gid=os.getgid(), home=settings.home)
    except OSError as error:
        log.event("no-user-name", error=error)
