"""The recorders of PID 1: one process a session, and a mender for the cast of one that died.

PID 1 asks it to open a session and to tell all of them something. It reads no recording and no
terminal; what recorders report goes into the sessions of the toolbox.
"""

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any, Final

from troubleshooter_agent import channel, children, process, recorder, recovery
from troubleshooter_agent.client import STUCK_SIGNAL
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.door import Visit
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.request import Attach
from troubleshooter_agent.session import Job
from troubleshooter_agent.sessions import Sessions
from troubleshooter_agent.shipping import Shipping
from troubleshooter_agent.sink import OpenSink
from troubleshooter_agent.summary import Summary
from troubleshooter_agent.toolbox import UNKNOWN_USER, Refusal
from troubleshooter_agent.worker import STUCK, Worker, unmended

READER_SECONDS: Final = 0.5  # how long a mender waits for a reader to let go of the cast


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
        shipping: Shipping | None = None,
    ) -> None:
        self._shipping = shipping
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
        return sum(worker.is_at_work for worker in self._workers.values())

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(self._workers)

    @property
    def pidfds(self) -> list[int]:
        """Of all that are at work."""
        return [worker.child.pidfd for worker in self._workers.values() if worker.is_at_work]

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
            self._expect_to_leave(worker, os.pidfd_open(channel.peer(visit.connection).pid))
        self._adopt(worker)

    def attach(self, session_id: str, attach: Attach, visit: Visit) -> Refusal | None:
        """Hand a visitor over to the recorder of an open session; the refusal if that cannot be."""
        silent = Refusal(ExitCode.AGENT_FAULT, f"session {session_id} does not answer; try again")
        worker = self._recorder_of(session_id)
        if worker is None:
            return silent
        client = channel.peer(visit.connection).pid
        if client in process.descendants(worker.child.pid):
            return Refusal(
                ExitCode.USAGE, f"you are in session {session_id}: it cannot be shown within itself"
            )
        message = {"user": attach.user or UNKNOWN_USER, "size": list(attach.size), "view": attach.view}
        descriptors = (visit.connection.fileno(), *visit.descriptors)
        visit.connection.settimeout(None)
        try:
            channel.send(worker.child.channel, {"attach": message}, descriptors)
        except (BlockingIOError, channel.ChannelClosedError):
            return silent
        with contextlib.suppress(OSError):  # the client is already gone
            self._expect_to_leave(worker, os.pidfd_open(client))
        return None

    def _recorder_of(self, session_id: str) -> Worker | None:
        """None while a mender is at work in place of a recorder that died."""
        found = (worker for worker in self._workers.values() if worker.is_recording)
        return next((worker for worker in found if worker.job.id == session_id), None)

    def tell(self, message: dict[str, Any]) -> None:
        """Send to every recorder; one that is too slow to hear is ended with the toolbox anyway."""
        for worker in self._workers.values():
            channel.tell(worker.child.channel, message)

    @property
    def running(self) -> dict[str, int]:
        """The process below which all of a session is found, by the id of each session that still runs."""
        return {worker.job.id: worker.child.pid for worker in self._workers.values() if worker.is_recording}

    def end(self, session_id: str, why: str) -> None:
        """End one session as the toolbox ends all of them; the others go on."""
        worker = self._recorder_of(session_id)
        if worker is not None:
            kept = "; its recording is kept" if worker.job.saved else ""
            text = f"this session has ended: {why}{kept}"
            channel.tell(worker.child.channel, {"end": why, "text": text})

    def look(self) -> None:
        """Give up a recorder that is stuck, most likely in a write to a disk that never returns."""
        now = self._clock()
        for worker in list(self._workers.values()):
            if worker.is_stuck(now):
                worker.given_up_at = now
                self._give_up(worker)
            elif worker.is_unkillable(now):
                worker.done = True
                self._done(unmended(worker.job, STUCK), worker.failure)
                self._changed()

    def _give_up(self, worker: Worker) -> None:
        """End what the session runs, then the recorder; the client learns it by a signal of ours."""
        self._log.event("recorder-stuck", id=worker.job.id, mends=worker.mends)
        for client in worker.clients:  # first: afterwards it would see no more than a closed connection
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(client, STUCK_SIGNAL)
        process.kill_descendants(worker.child.pid)
        signal.pidfd_send_signal(worker.child.pidfd, signal.SIGKILL)

    def _expect_to_leave(self, worker: Worker, client: int) -> None:
        def left() -> None:
            self._loop.forget(client)
            self._clients.remove(client)
            worker.clients.remove(client)
            os.close(client)

        self._clients.add(client)
        worker.clients.add(client)
        self._loop.watch(client, left)

    def _adopt(self, worker: Worker) -> None:
        self._workers[worker.child.pid] = worker
        self._loop.watch(worker.child.channel, lambda: self._hear(worker))
        self._loop.watch(worker.child.pidfd, lambda: self._ended(worker))

    def _hear(self, worker: Worker) -> None:
        worker.heard_at = self._clock()
        for message in children.heard(worker.child, self._loop):
            self._note(worker, message)

    def _note(self, worker: Worker, message: dict[str, Any]) -> None:
        match message:
            case {"opened": dict() as opened}:
                self._sessions.opened(opened, self._clock())
                if self._shipping is not None and worker.job.logged:
                    self._shipping.opened(worker.job)
                self._log.event(
                    "session-opened", id=worker.job.id, user=worker.job.user, file=worker.job.file
                )
            case {"failed": str() as kind, "message": str() as text}:
                worker.done = True
                self._sessions.failures[kind] += 1
                self._log.event("session-not-recorded", id=worker.job.id, kind=kind, why=text)
            case {"done": dict() as summary, "failure": failure}:
                worker.done = True
                self._sessions.heard(worker.job.id, message)
                self._done(Summary(**summary), failure)
            case _:
                self._sessions.heard(worker.job.id, message)
                return
        self._changed()

    def _done(self, summary: Summary, failure: str | None) -> None:
        if self._shipping is not None:
            self._shipping.closed(summary.id)
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
        why = worker.why_it_died(code)
        self._log.event("recorder-died", id=worker.job.id, why=why, mends=worker.mends)
        process.kill_descendants(os.getpid(), spare=self.pids | self._spare())
        if worker.mends:
            self._done(unmended(worker.job, why), worker.failure)
        else:
            self._mend(worker.job, why, worker.failure)

    def _mend(self, job: Job, why: str, kind: str) -> None:
        def work(control: Any) -> int:
            summary: Summary | None = None
            if not job.saved:
                recorder.take_away(job)
                channel.send(control, {"done": unmended(job, why).to_dict(), "failure": kind})
                return ExitCode.OK
            with contextlib.suppress(OSError):  # a full or failed volume
                summary = recovery.mend(
                    job.root, job.cast, why, session=job.header(), patience=READER_SECONDS
                )
            summary = summary or unmended(job, why)
            channel.send(control, {"done": summary.to_dict(), "failure": kind})
            return ExitCode.OK

        try:
            mender = children.fork(work, self._loop.descriptors())
        except OSError:  # no room for a process; the next agent on the volume mends it
            self._done(unmended(job, why), kind)
            return
        self._adopt(Worker(mender, job, self._clock(), mends=True))
