"""What PID 1 knows of its toolbox: the annotations, the clocks, the sessions; decides, touches nothing.

`init` asks it what to do at each turn. Times named *_at and `now` are seconds of CLOCK_BOOTTIME.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from troubleshooter_agent import __version__, lifetime
from troubleshooter_agent.activity import ReadingActivity, idle_since
from troubleshooter_agent.annotations import Projected
from troubleshooter_agent.contract import (
    EndReason,
    ExecIdentity,
    ExitCode,
    Retained,
    Status,
    TerminationMessage,
    format_duration,
    format_time,
)
from troubleshooter_agent.lifetime import Deadline, Warned
from troubleshooter_agent.limits import DEFAULT, Limits
from troubleshooter_agent.request import Attach, Extend, Request
from troubleshooter_agent.session import Job, Program, Toolbox, cast_name, new_id, printable
from troubleshooter_agent.sessions import OpenSession, Sessions
from troubleshooter_agent.transfer import ENVIRONMENT, transfer_of


@dataclass(frozen=True)
class Ending:
    """The toolbox is ending: the reason for machines, `why` for the recordings, since when."""

    reason: EndReason
    why: str
    since: float


@dataclass(frozen=True)
class Refusal:
    """A session that does not start: the exit status and the sentence; with `wait` another try may do."""

    status: int
    sentence: str
    wait: bool = False


_WHYS: Final = {
    EndReason.STOPPED: "stopped",
    EndReason.TIME_TO_LIVE_REACHED: "time to live reached",
    EndReason.IDLE_TIMEOUT: "idle",
}


UNKNOWN_USER: Final = "unknown"
_LOOK: Final = "those that are open are in: troubleshooter-agent list"
_WITHIN: Final = (
    "within a session nobody's name is verified; attach with a kubectl exec of its own, or look on with: "
    "shell attach --view"
)
_NOT_YET_RETAINED: Final = "waiting until the volume of the recordings is known to be retained"
# Without a volume, what running sessions need for `attach` shares an emptyDir.
_UNSAVED_LIMITS: Final = Limits(size=128 << 20)
_NOT_RETAINED: Final = "; the volume of the recordings goes with its claim, if somebody deletes that"
_LOGGED: Final = "; it is also in the container's log, for whoever may read that"

_ONLY_READS: Final = (
    "this is a replay, which only reads recordings and opens no shell; type: "
    "kubectl exec {} -- shell -- troubleshooter-agent list"
)
_NOT_EXTENDED: Final = "a replay is not extended: it lives until {} at the latest; then make another"

_NO_ANSWER: Final = (
    "the operator has not answered yet whether this toolbox may live {}; the wish stands, and until it is "
    "granted the toolbox ends at {} at the latest"
)


@dataclass
class ToolboxState:
    """One run, from PID 1's start to its end; `wall` is the epoch at CLOCK_BOOTTIME 0."""

    started_at: float
    wall: float
    root: Path
    projected: Projected
    limits: Limits = DEFAULT
    sessions: Sessions = field(default_factory=Sessions)
    ready_at: float | None = None
    ending: Ending | None = None
    warned: dict[EndReason, Warned] = field(default_factory=dict)
    wanted_life: int = 0  # seconds from the start, which a shell asks for; 0 for nothing
    readings: ReadingActivity = field(default_factory=ReadingActivity)  # in a replay
    true_since: float | None = None  # from when on admission has seen to the names at execs

    def __post_init__(self) -> None:
        if self._are_true():
            self.true_since = self.started_at

    def learn(self, projected: Projected, now: float) -> None:
        """Take up what the operator has written on the pod."""
        self.projected = projected
        if not self._are_true():
            self.true_since = None
        elif self.true_since is None:
            self.true_since = now
        if projected.time_to_live >= self.wanted_life:
            self.wanted_life = 0
        if self.ready_at is None and (projected.replay or projected.retained is not None):
            self.ready_at = now

    @property
    def folder(self) -> Path:
        """Where this toolbox keeps its recordings."""
        return self.root / self.projected.namespace / self.projected.name

    @property
    def kind(self) -> str:
        """What this is, as people are told."""
        return "replay" if self.projected.replay else "toolbox"

    @property
    def ends_at(self) -> float:
        """When it ends at the latest."""
        return self.started_at + self.projected.time_to_live

    def deadlines(self) -> tuple[Deadline, ...]:
        """The nearest first."""
        return lifetime.deadlines(
            started=self.started_at,
            time_to_live=self.projected.time_to_live,
            idle_since=self._idle_since(),
            idle_timeout=self.projected.idle_timeout,
        )

    def next_look(self, now: float) -> float:
        """When a warning or the end is due."""
        return min(lifetime.next_warning(deadline, now) for deadline in self.deadlines())

    def due(self, now: float) -> Ending | None:
        """The end, if it is now."""
        self.readings.look(now)
        first = self.deadlines()[0]
        if self.ending is not None or now < first.at:
            return None
        return Ending(first.reason, first.why, now)

    def warnings(self, now: float) -> list[str]:
        """What is to be said in every open terminal now."""
        due = [lifetime.warning_due(deadline, now, self.warned.values()) for deadline in self.deadlines()]
        given = [warned for warned in due if warned is not None]
        self.warned |= {warned.deadline.reason: warned for warned in given}
        return [lifetime.warning_text(warned, is_replay=self.projected.replay) for warned in given]

    def terminated(self, now: float) -> Ending:
        """The end that somebody outside ordered by SIGTERM; the operator says why, others do not."""
        try:
            reason = EndReason(self.projected.end)
        except ValueError:
            return Ending(EndReason.POD_DELETED, "pod deleted", now)
        return Ending(reason, _WHYS.get(reason, reason.value), now)

    def refusal(self) -> Refusal | None:
        """Why no session may start now, if so."""
        if self.ending is not None:
            return self._ends()
        if self.projected.replay:
            return self._only_reads()
        if self.projected.retained is None:
            return Refusal(ExitCode.NOT_RECORDED, _NOT_YET_RETAINED, wait=True)
        return None

    def extend(self, wish: Extend) -> tuple[int, Refusal]:
        """How many seconds from the start on a person wants the toolbox to live, and what became of that."""
        life = int(self.projected.time_to_live)
        wanted = wish.to or life + wish.by
        if self.ending is not None:
            return wanted, self._ends()
        if self.projected.replay:
            return wanted, Refusal(ExitCode.NOT_GRANTED, _NOT_EXTENDED.format(self._until()))
        if wanted <= life:
            return wanted, Refusal(ExitCode.OK, f"this toolbox lives until {self._until()} at the latest")
        text = format_duration(wanted)
        asked, _, why = self.projected.extension.partition(": ")
        if asked == text:
            return wanted, Refusal(ExitCode.NOT_GRANTED, f"not granted: {printable(why)}")
        self.wanted_life = wanted
        return wanted, Refusal(ExitCode.NOT_GRANTED, _NO_ANSWER.format(text, self._until()), wait=True)

    def reading_refusal(self) -> Refusal | None:
        """Why no reading may start now, if so; that of a toolbox may go on to its very end."""
        return self._ends() if self.projected.replay and self.ending is not None else None

    def offers(self, request: Request) -> list[OpenSession]:
        """The sessions that a person may want to go on with instead of a new one: after a lost connection."""
        if not request.may_ask or "TROUBLESHOOTER_SESSION" in request.environment:
            return []
        return self._of_user(request.user)

    def wanted(self, attach: Attach, *, entered_at: float | None) -> OpenSession | Refusal:
        """The session that somebody may attach to, or why not; where users are not verified, anybody may."""
        if self.ending is not None:
            return self._ends()
        if self.projected.replay:
            return self._only_reads()
        session = self._named(attach.id) if attach.id else _only(self._of_user(attach.user))
        if isinstance(session, Refusal) or attach.view or not self._are_true():
            return session
        if session.user != attach.user:
            whose = printable(session.user)
            return Refusal(
                ExitCode.USAGE, f"session {session.id} is {whose}'s; look on with: shell attach --view"
            )
        return session if self._is_true(attach.user, entered_at) else Refusal(ExitCode.USAGE, _WITHIN)

    def _named(self, session_id: str) -> OpenSession | Refusal:
        session = self.sessions.open.get(session_id)
        if session is None or not session.terminal:
            return Refusal(ExitCode.USAGE, f"there is no open session {session_id} on a terminal; {_LOOK}")
        return session

    def _are_true(self) -> bool:
        return self.projected.exec_identity == ExecIdentity.ENFORCED

    def _is_true(self, user: str, entered_at: float | None) -> bool:
        """What starts within a session could name anybody; so could what was there before admission was."""
        if not user or entered_at is None or self.true_since is None:
            return False
        return entered_at >= self.true_since

    def _of_user(self, user: str) -> list[OpenSession]:
        return [
            session
            for session in self.sessions.open.values()
            if session.terminal and session.user == (user or UNKNOWN_USER)
        ]

    def job(self, request: Request, now: float, *, entered_at: float | None) -> Job:
        """The session that a request asks for; `entered_at`: when who asks came by an exec."""
        session_id = new_id()
        transfer = transfer_of(request.argv) if request.size is None else None
        user = request.user or UNKNOWN_USER
        given = ENVIRONMENT if transfer else request.environment
        environment = {**given, "TROUBLESHOOTER_SESSION": session_id}
        return Job(
            id=session_id,
            started=self.wall + now,
            user=user,
            verified=self._is_true(request.user, entered_at),
            toolbox=self._toolbox(),
            program=Program(request.argv, environment, request.folder),
            size=request.size,
            root=self.root,
            cast=self.folder / cast_name(self.wall + now, session_id),
            limits=self.limits if self.projected.save_to_disk else _UNSAVED_LIMITS,
            transfer=transfer,
            saved=self.projected.save_to_disk,
            logged=self.projected.log_to_stdout,
        )

    def greeting(self, job: Job) -> str:
        """The first line of a shell: that it is recorded, as whom, until when."""
        idle = format_duration(self.projected.idle_timeout)
        return (
            f"{self._recorded(job)}, until {self._until()} at the latest; without a key it ends after {idle}"
            f"{self._warnings_of_the_record(job)}{self._notice()}"
        )

    def _recorded(self, job: Job) -> str:
        who = f"{printable(job.user)}{'' if job.verified else ' (not verified)'}"
        if not job.recorded:
            return f"this shell of {who} is NOT recorded"
        where = "" if job.saved else " in the container's log alone"
        return f"this shell is recorded as {who}{where}"

    def _warnings_of_the_record(self, job: Job) -> str:
        unkept = self.projected.retained is Retained.NOT_PERMITTED
        also_logged = job.logged and job.saved
        return (_NOT_RETAINED if unkept else "") + (_LOGGED if also_logged else "")

    def _notice(self) -> str:
        return f". {printable(self.projected.notice)}" if self.projected.notice else ""

    def status(self) -> Status:
        """What /status tells."""
        idle = self._idle_since()
        return Status(
            agentVersion=__version__,
            startedAt=format_time(self.wall + self.started_at),
            expiresAt=self._until(),
            idleSince=None if idle is None else format_time(self.wall + idle),
            lastActivityAt=None if idle is None else format_time(self.wall + idle),
            timeToLiveSeconds=self.projected.time_to_live,
            idleTimeoutSeconds=self.projected.idle_timeout,
            ready=(self.reading_refusal() if self.projected.replay else self.refusal()) is None,
            wantedTimeToLive=format_duration(self.wanted_life) if self.wanted_life else "",
            end=self.projected.end or (self.ending.reason if self.ending else ""),
            sessionsActive=len(self.sessions.open),
            sessionCount=self.sessions.count,
            recordedBytes=self.sessions.recorded_bytes,
            recordingFailures=self.sessions.failures.total(),
            chain=self.sessions.chain,
            sessions=self.sessions.newest_first(),
        )

    def last_words(self, now: float) -> TerminationMessage:
        """The termination message of the ending."""
        assert self.ending is not None
        return TerminationMessage(
            reason=self.ending.reason,
            message=self.ending.why,
            endedAt=format_time(self.wall + now),
            sessionCount=self.sessions.count,
            recordedBytes=self.sessions.recorded_bytes,
            recordingFailures=self.sessions.failures.total(),
            chain=self.sessions.chain,
            sessions=self.sessions.newest_first(),
        )

    def _ends(self) -> Refusal:
        assert self.ending is not None
        return Refusal(ExitCode.ENDED_BY_TOOLBOX, f"this {self.kind} is ending: {self.ending.why}")

    def _only_reads(self) -> Refusal:
        return Refusal(ExitCode.USAGE, _ONLY_READS.format(self.projected.pod or "POD"))

    def _until(self) -> str:
        return format_time(self.wall + self.ends_at)

    def _idle_since(self) -> float | None:
        if self.ready_at is None:
            return None
        since = max(self.ready_at, self.readings.last or self.ready_at)
        return idle_since(ready_at=since, sessions=self.sessions.activities())

    def _toolbox(self) -> Toolbox:
        projected = self.projected
        return Toolbox(
            namespace=projected.namespace,
            name=projected.name,
            run=projected.run,
            pod=projected.pod,
            pod_uid=projected.pod_uid,
            purpose=projected.purpose,
            image=projected.image,
        )


def _only(sessions: list[OpenSession]) -> OpenSession | Refusal:
    match sessions:
        case [session]:
            return session
        case []:
            return Refusal(ExitCode.USAGE, f"you have no open session; {_LOOK}")
    ids = ", ".join(session.id for session in sessions)
    return Refusal(ExitCode.USAGE, f"you have {len(sessions)} open sessions: name one of {ids}")
