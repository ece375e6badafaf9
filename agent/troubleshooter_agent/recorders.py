"""The recorders of PID 1: one process a session, and a mender for the cast of one that died.

PID 1 asks it to open a session and to tell all of them something. It reads no recording and no
terminal; what recorders report goes into the sessions of the toolbox.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent import channel, children, process, recorder, recovery
from troubleshooter_agent.children import Child
from troubleshooter_agent.client import STUCK_SIGNAL
from troubleshooter_agent.contract import ExitCode, format_time
from troubleshooter_agent.door import Visit
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.session import Job
from troubleshooter_agent.sessions import Sessions
from troubleshooter_agent.sink import OpenSink
from troubleshooter_agent.summary import Summary

RECORDER_DIED: Final = "recorder-died"
RECORDER_STUCK: Final = "stuck"
STUCK_SECONDS: Final = 15.0  # without a word, of which a recorder owes one every few seconds
UNKILLABLE_SECONDS: Final = 2.0  # a process whose write never returns does not even obey SIGKILL
STUCK: Final = f"its recorder did not answer for {STUCK_SECONDS:.0f}s: the volume takes no more"
READER_SECONDS: Final = 0.5  # how long a mender waits for a reader to let go of the cast


@dataclass
class Worker:
    """A process at work on one session: its recorder, or the mender after that one died.

    `heard_at` and `given_up_at` are seconds of the clock of PID 1.
    """

    child: Child
    job: Job
    heard_at: float
    client: int | None = None  # a pidfd
    mends: bool = False
    done: bool = False
    given_up_at: float | None = None


class Recorders:
    """All of them; `changed` is called when a session begins or ends.

    `spare` names the other children of PID 1, which the end of a session must not touch.
    """

    def __init__(
        self,
        loop: Loop,
        sessions: Sessions,
        log: Log,
        *,
        clock: Callable[[], float],
        changed: Callable[[], None],
        spare: Callable[[], frozenset[int]],
        open_sink: OpenSink = Recording.create,
    ) -> None:
        self._loop = loop
        self._sessions = sessions
        self._log = log
        self._clock = clock
        self._changed = changed
        self._spare = spare
        self._open_sink = open_sink
        self._workers: dict[int, Worker] = {}
        self._clients: set[int] = set()  # pidfds

    def __len__(self) -> int:
        """How many are at work; one that was given up may never even end."""
        return sum(worker.given_up_at is None for worker in self._workers.values())

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(self._workers)

    @property
    def pidfds(self) -> list[int]:
        """Of all that are at work."""
        return [worker.child.pidfd for worker in self._workers.values() if worker.given_up_at is None]

    @property
    def clients(self) -> list[int]:
        """Pidfds of the clients that are still there, also of those whose session has just ended."""
        return list(self._clients)

    def open(self, job: Job, visit: Visit) -> None:
        """Record a session in a process of its own, which talks to the client from now on.

        OSError when there is no room for another process or descriptor.
        """
        visit.connection.settimeout(None)

        def work(control: Any) -> int:
            ends = recorder.Ends(visit.connection, control, visit.descriptors)
            return recorder.record(job, ends, self._open_sink)

        worker = Worker(children.fork(work, self._loop.descriptors()), job, self._clock())
        with contextlib.suppress(OSError):  # the client is already gone
            worker.client = os.pidfd_open(channel.peer(visit.connection).pid)
            self._expect_to_leave(worker.client)
        self._adopt(worker)

    def tell(self, message: dict[str, Any]) -> None:
        """Send to every recorder; one that is too slow to hear is ended with the toolbox anyway."""
        for worker in self._workers.values():
            with contextlib.suppress(BlockingIOError, channel.ChannelClosedError):
                channel.send(worker.child.channel, message)

    @property
    def running(self) -> dict[str, int]:
        """The process below which all of a session is found, by the id of each session that still runs."""
        return {
            worker.job.id: worker.child.pid
            for worker in self._workers.values()
            if not worker.mends and not worker.done and worker.given_up_at is None
        }

    def end(self, session_id: str, why: str) -> None:
        """End one session as the toolbox ends all of them; the others go on."""
        text = f"this session has ended: {why}; its recording is kept"
        for worker in self._workers.values():
            if worker.job.id == session_id:
                with contextlib.suppress(BlockingIOError, channel.ChannelClosedError):
                    channel.send(worker.child.channel, {"end": why, "text": text})

    def look(self) -> None:
        """Give up a recorder that is stuck, most likely in a write to a disk that never returns."""
        now = self._clock()
        for worker in list(self._workers.values()):
            if worker.given_up_at is None and now - worker.heard_at >= STUCK_SECONDS:
                worker.given_up_at = now
                self._give_up(worker)
            elif _is_unkillable(worker, now):
                worker.done = True
                self._done(_unmended(worker.job, STUCK), RECORDER_STUCK)
                self._changed()

    def _give_up(self, worker: Worker) -> None:
        """End what the session runs, then the recorder; the client learns it by a signal of ours."""
        self._log.event("recorder-stuck", id=worker.job.id, mends=worker.mends)
        process.kill_descendants(worker.child.pid)
        signal.pidfd_send_signal(worker.child.pidfd, signal.SIGKILL)
        if worker.client in self._clients:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(worker.client, STUCK_SIGNAL)

    def _expect_to_leave(self, client: int) -> None:
        def left() -> None:
            self._loop.forget(client)
            self._clients.remove(client)
            os.close(client)

        self._clients.add(client)
        self._loop.watch(client, left)

    def _adopt(self, worker: Worker) -> None:
        self._workers[worker.child.pid] = worker
        self._loop.watch(worker.child.channel, lambda: self._hear(worker))
        self._loop.watch(worker.child.pidfd, lambda: self._ended(worker))

    def _hear(self, worker: Worker) -> None:
        worker.heard_at = self._clock()
        while True:
            try:
                message = channel.receive(worker.child.channel).message
            except BlockingIOError:
                return
            except channel.ChannelClosedError:
                self._loop.forget(worker.child.channel)
                return
            self._note(worker, message)

    def _note(self, worker: Worker, message: dict[str, Any]) -> None:
        match message:
            case {"opened": dict() as opened}:
                self._sessions.opened(opened, self._clock())
                self._log.event(
                    "session-opened", id=worker.job.id, user=worker.job.user, file=worker.job.file
                )
            case {"failed": str() as kind, "message": str() as text}:
                worker.done = True
                self._sessions.failures[kind] += 1
                self._log.event("session-not-recorded", id=worker.job.id, kind=kind, why=text)
            case {"done": dict() as summary, "failure": failure}:
                worker.done = True
                self._done(Summary(**summary), failure)
            case _:
                self._sessions.heard(worker.job.id, message)
                return
        self._changed()

    def _done(self, summary: Summary, failure: str | None) -> None:
        self._sessions.done(summary, failure)
        self._log.event(
            "session-ended",
            id=summary.id,
            user=summary.user,
            why=summary.why,
            bytes=summary.bytes,
            sha256=summary.sha256,
            failure=failure or "none",
        )

    def _ended(self, worker: Worker) -> None:
        self._hear(worker)  # what it said last
        code = children.exit_code(worker.child)
        self._loop.forget(worker.child.pidfd)
        self._loop.forget(worker.child.channel)
        worker.child.close()
        del self._workers[worker.child.pid]
        if not worker.done:
            self._bury(worker, code)

    def _bury(self, worker: Worker, code: int) -> None:
        """A recorder died without a word: end what it had started, and have its cast mended."""
        why = _why_it_died(worker, code)
        kind = RECORDER_DIED if worker.given_up_at is None else RECORDER_STUCK
        self._log.event("recorder-died", id=worker.job.id, why=why, mends=worker.mends)
        process.kill_descendants(os.getpid(), spare=self.pids | self._spare())
        if worker.mends:
            self._done(_unmended(worker.job, why), kind)
        else:
            self._mend(worker.job, why, kind)

    def _mend(self, job: Job, why: str, kind: str) -> None:
        def work(control: Any) -> int:
            summary = None
            with contextlib.suppress(OSError):  # a full or failed volume
                summary = recovery.mend(
                    job.root, job.cast, why, session=job.header(), patience=READER_SECONDS
                )
            summary = summary or _unmended(job, why)
            channel.send(control, {"done": summary.to_dict(), "failure": kind})
            return ExitCode.OK

        try:
            mender = children.fork(work, self._loop.descriptors())
        except OSError:  # no room for a process; the next agent on the volume mends it
            self._done(_unmended(job, why), kind)
            return
        self._adopt(Worker(mender, job, self._clock(), mends=True))


def _is_unkillable(worker: Worker, now: float) -> bool:
    return (
        not worker.done and worker.given_up_at is not None and now - worker.given_up_at >= UNKILLABLE_SECONDS
    )


def _why_it_died(worker: Worker, code: int) -> str:
    if worker.given_up_at is not None:
        return STUCK
    return f"its recorder was killed by signal {-code}" if code < 0 else f"its recorder failed with {code}"


def _unmended(job: Job, why: str) -> Summary:
    """What can be said of a session whose cast could not even be mended."""
    return Summary(
        id=job.id,
        user=job.user,
        verified=job.verified,
        run=job.toolbox.run,
        startedAt=format_time(job.started),
        endedAt=format_time(time.time()),
        exitCode=None,
        why=why,
        bytes=0,
        sha256=None,
        file=job.file,
        failure="could not be mended",
    )
