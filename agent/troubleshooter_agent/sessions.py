"""The sessions of a run, as PID 1 knows them from what their recorders report; no effects."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from troubleshooter_agent.activity import SessionActivity, last_activity
from troubleshooter_agent.contract import SessionReport, format_time
from troubleshooter_agent.effort import Effort
from troubleshooter_agent.summary import Summary, next_chain

REPORTED: Final = 50  # sessions in /status; all of them are in the folder's index


@dataclass
class OpenSession:
    """A session that runs; `opened_at`, `last_key` and `last_working` are seconds of CLOCK_BOOTTIME."""

    id: str
    user: str
    file: str
    started: float  # seconds since the epoch
    opened_at: float
    last_key: float
    last_working: float | None = None
    bytes: int = 0
    terminal: bool = False
    effort: Effort = field(default_factory=Effort)
    attended: bool = True  # as far as is known: a lost kubectl is silent

    def activity(self) -> SessionActivity:
        return SessionActivity(
            opened_at=self.opened_at, last_key=self.last_key, last_working=self.last_working
        )

    def offer(self) -> dict[str, Any]:
        """What a person is told who may want to go on with it."""
        return {"id": self.id, "started": format_time(self.started), "attended": self.attended}

    def report(self) -> SessionReport:
        return SessionReport(
            id=self.id,
            user=self.user,
            startedAt=format_time(self.started),
            endedAt=None,
            exitCode=None,
            bytes=self.bytes,
            sha256=None,
            file=self.file,
        )


@dataclass
class Sessions:
    """All sessions of one run."""

    open: dict[str, OpenSession] = field(default_factory=dict)
    past: SessionActivity | None = None  # of the ended sessions that which was active last
    reports: list[SessionReport] = field(default_factory=list)  # of ended sessions, newest first
    count: int = 0
    ended_bytes: int = 0
    ended_effort: Effort = field(default_factory=Effort)
    chain: str = ""
    failures: Counter[str] = field(default_factory=Counter)
    _activities: list[SessionActivity] | None = None  # asked for at every turn of PID 1, so kept

    def opened(self, message: dict[str, Any], now: float) -> OpenSession:
        """A recorder has begun its recording."""
        session = OpenSession(
            id=message["id"],
            user=message["user"],
            file=message["file"],
            started=message["at"],
            opened_at=now,
            last_key=now,
            terminal=message["terminal"],
        )
        self.open[session.id] = session
        self.count += 1
        self._activities = None
        return session

    def heard(self, session_id: str, message: dict[str, Any]) -> None:
        """A recorder has told of keys, running work, or bytes."""
        session = self.open.get(session_id)
        if session is not None:
            session.last_key = max(session.last_key, message.get("key", session.last_key))
            session.last_working = message.get("working", session.last_working)
            session.bytes = message.get("bytes", session.bytes)
            if "effort" in message:
                session.effort = Effort.from_dict(message["effort"])
            session.attended = message.get("attended", session.attended)
            if "key" in message or "working" in message:
                self._activities = None

    def done(self, summary: Summary, failure: str | None) -> None:
        """A session has ended; `failure` is the kind, if its recording is not complete."""
        session = self.open.pop(summary.id, None)
        if session is not None:
            self._remember(session.activity())
            self.ended_effort += session.effort
        else:  # its recorder died before it could say that it had begun
            self.count += 1
        self.reports.insert(0, summary.report())
        del self.reports[REPORTED:]
        self.ended_bytes += summary.bytes
        if summary.sha256 is not None:
            self.chain = next_chain(self.chain, summary.sha256)
        if failure is not None:
            self.failures[failure] += 1

    def activities(self) -> list[SessionActivity]:
        """What the idle rule needs: of all sessions the one that was active last says it all."""
        if self._activities is None:
            past = [] if self.past is None else [self.past]
            known = [session.activity() for session in self.open.values()] + past
            self._activities = [max(known, key=_instant)] if known else []
        return self._activities

    def _remember(self, ended: SessionActivity) -> None:
        self.past = ended if self.past is None else max(self.past, ended, key=_instant)
        self._activities = None

    @property
    def recorded_bytes(self) -> int:
        return self.ended_bytes + sum(session.bytes for session in self.open.values())

    @property
    def effort(self) -> Effort:
        """Of all sessions of the run."""
        return sum((session.effort for session in self.open.values()), self.ended_effort)

    def newest_first(self) -> list[SessionReport]:
        """Reports of running and ended sessions."""
        running = sorted(self.open.values(), key=lambda session: session.started, reverse=True)
        return ([session.report() for session in running] + self.reports)[:REPORTED]


def _instant(activity: SessionActivity) -> float:
    return last_activity([activity]) or 0.0
