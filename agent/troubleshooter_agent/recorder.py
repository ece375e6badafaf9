"""A recorder process: one session from the first byte of its cast to the exit status for the client.

PID 1 forks one for each session, `record` one for a local session. It starts the program, lets `relay`
move the bytes, and then says what became of the recording: in the terminal, in the cast, beside it, to
PID 1 and to the client. It never ends the toolbox.
"""

import contextlib
import os
import socket
import stat
import time
from dataclasses import dataclass
from typing import Any

from troubleshooter_agent import announcement, asciicast, channel, process, readme, spawn
from troubleshooter_agent.asciicast import Encoder
from troubleshooter_agent.audience import Audience, Person
from troubleshooter_agent.contract import ExitCode, format_time
from troubleshooter_agent.errors import NotRecordedError, not_recorded
from troubleshooter_agent.feed import Feed
from troubleshooter_agent.limits import Meter
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.outlet import Outlet, own
from troubleshooter_agent.pulse import Pulse
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.relay import Relay
from troubleshooter_agent.session import Job
from troubleshooter_agent.shelf import shelve
from troubleshooter_agent.sink import OpenSink, Sink
from troubleshooter_agent.spawn import CannotRunError, Child
from troubleshooter_agent.summary import Summary
from troubleshooter_agent.syncer import Syncer
from troubleshooter_agent.transfer import Transfer
from troubleshooter_agent.writer import CastWriter


@dataclass(frozen=True)
class Ends:
    """What a recorder is connected to: the client, PID 1 (None for `record`), the person's descriptors."""

    client: socket.socket
    control: socket.socket | None
    descriptors: tuple[int, int, int]


@dataclass(frozen=True)
class Outcome:
    """How the program ended: the exit status for the client, and why in words."""

    status: int
    why: str


def record(job: Job, ends: Ends, open_sink: OpenSink = Recording.create) -> int:
    """Record one session; the exit status of the recorder process, 0 if the recording is whole."""
    process.rename("tshoot-recorder")
    process.become_subreaper()
    sink = _sink(job, ends, open_sink)
    if job.saved and ends.control is not None:  # a local recording is one file
        _leave_readme(job)
    writer = CastWriter(sink, Encoder(time.monotonic()), time.monotonic, Meter(job.limits))
    outcome = _run(job, ends, writer)
    return ExitCode.OK if writer.failure is None else outcome.status


def _sink(job: Job, ends: Ends, open_sink: OpenSink) -> Sink:
    """The new cast, or the end of this process with a sentence to the person and to PID 1."""
    size = job.size or asciicast.DEFAULT_SIZE
    title = job.toolbox.purpose or f"{job.toolbox.namespace}/{job.toolbox.name}".strip("/")
    first_lines = asciicast.header_line(
        size=size, timestamp=job.started, title=title, env=job.recorded_environment(), session=job.header()
    ) + asciicast.marker_line(0.0, asciicast.STARTED)
    try:
        return open_sink(job.cast, first_lines)
    except NotRecordedError as error:
        channel.tell(ends.control, {"failed": error.kind, "message": str(error)})
        channel.tell(ends.client, {"exit": error.exit_code, "say": f"no shell without a recording: {error}"})
        raise SystemExit(error.exit_code) from error


def _leave_readme(job: Job) -> None:
    """Beside the cast; a volume without room for it is told of where it matters."""
    with contextlib.suppress(OSError):
        readme.leave(job.cast.parent, job.id, job.toolbox.namespace, job.toolbox.name)


def _run(job: Job, ends: Ends, writer: CastWriter) -> Outcome:
    pulse = Pulse(ends.control, process.boot_time)
    outlets = _outlets(job, ends)
    channel.tell(
        ends.control,
        {
            "opened": {
                "id": job.id,
                "user": job.user,
                "file": job.file,
                "at": job.started,
                "terminal": job.size is not None,
            }
        },
    )
    channel.tell(ends.client, {"opened": job.id})
    try:
        child = _start(job, ends)
    except CannotRunError as error:
        line_end = "\n" if job.size is None else "\r\n"
        outlets[-1].offer(writer.output(f"shell: {error}{line_end}".encode()), time.monotonic())
        outcome = Outcome(error.status, f"exit status {error.status}")
        _finish(job, ends, writer, outcome)
        channel.tell(ends.client, {"exit": outcome.status})
        return outcome
    relay = Relay(child, writer, outlets, _terminal(job, outlets), time.monotonic, pulse.keyed, Loop())
    relay.hang_up_when_left = job.hang_up_when_left
    if job.transfer:
        _watch_transfer(job.transfer, relay, ends)
    session = _Session(job, ends, writer, relay, pulse)
    outcome = session.run()
    _finish(job, ends, writer, outcome)
    session.release(outcome)
    return outcome


def _watch_transfer(transfer: Transfer, relay: Relay, ends: Ends) -> None:
    """Have the archive counted on its way, in place of recorded."""
    relay.writer.marker(transfer.beginning())
    if relay.child.input is None:
        relay.unrecorded = {relay.child.outputs[0]: transfer.passed}
    else:
        relay.feed = Feed(_source(ends.descriptors[0]), relay.child.input, transfer.passed)


def _source(fd: int) -> int:
    try:
        return own(fd, os.O_RDONLY)
    except PermissionError:  # another user's pipe; nobody else reads it, so it may be changed for all
        os.set_blocking(fd, False)
        return fd


def _start(job: Job, ends: Ends) -> Child:
    if job.size is None:
        is_upload = job.transfer is not None and job.transfer.direction == "upload"
        return spawn.on_pipes(job.program, stdin=None if is_upload else ends.descriptors[0])
    return spawn.on_terminal(job.program, columns=job.size[0], rows=job.size[1])


def _outlets(job: Job, ends: Ends) -> tuple[Outlet, ...]:
    if job.size is None:
        return tuple(_outlet(fd, os.O_WRONLY, may_stall=False) for fd in ends.descriptors[1:])
    return (_terminal_outlet(ends.descriptors[0]),)


def _terminal_outlet(fd: int) -> Outlet:
    return _outlet(fd, os.O_RDWR, may_stall=True)


def _outlet(fd: int, flags: int, *, may_stall: bool) -> Outlet:
    """The way to the person, who may be gone already, or have passed what is no terminal."""
    try:
        if not may_stall or os.isatty(fd) or stat.S_ISSOCK(os.fstat(fd).st_mode):
            return Outlet(own(fd, flags), may_stall)
    except PermissionError:  # another user's
        return Outlet(fd, may_stall, blocks=True)
    except OSError:
        pass
    outlet = Outlet(fd, may_stall)
    outlet.leave(gone=True)
    return outlet


def _terminal(job: Job, outlets: tuple[Outlet, ...]) -> int | None:
    return None if job.size is None else outlets[0].fd


class _Session:
    """The rounds of a relay, and the messages of client and PID 1 between them."""

    def __init__(self, job: Job, ends: Ends, writer: CastWriter, relay: Relay, pulse: Pulse) -> None:
        self._job = job
        self._ends = ends
        self._writer = writer
        self._relay = relay
        self._pulse = pulse
        self._ordered: str | None = None  # why the toolbox ended the session
        wake, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._syncer = Syncer(writer.sink, self._sync_failed, writer.unsynced, writer.effort.syncs.add)
        relay.begin()
        relay.loop.watch(wake, lambda: None)  # a failed sync ends the wait; the clock's look finds it
        person = Person(job.user, ends.client, frozenset(ends.descriptors))
        self._audience = Audience(job, relay, person, _terminal_outlet, pulse.keyed)
        if ends.control is not None:
            relay.loop.watch(ends.control.fileno(), self._hear_control)

    def run(self) -> Outcome:
        self._syncer.start()
        if self._relay.terminal is not None and self._relay.outlets[0].is_gone:
            self._relay.left()
        if self._job.first_line:
            self._relay.say("\r\n".join((self._job.first_line, *self._job.motd)))
        while self._relay.status is None:
            self._relay.turn(self._pulse.patience())
            self._pulse.beat(self._relay, self._progress)
        self._syncer.stop()
        if self._job.transfer:
            self._writer.marker(self._job.transfer.end())
        return self._outcome(self._relay.status)

    def _progress(self) -> dict[str, Any]:
        return {"bytes": self._writer.sink.length, "effort": self._writer.effort.to_dict()}

    def release(self, outcome: Outcome) -> None:
        """Let the person have what is still theirs, then the exit status."""
        if self._writer.failure is not None:
            self._say_unrecorded(self._writer.failure)
        while self._relay.drain():
            pass
        self._audience.dismiss({"exit": outcome.status})

    def _outcome(self, status: int) -> Outcome:
        if self._writer.failure is not None:
            return Outcome(ExitCode.NOT_RECORDED, str(self._writer.failure))
        if self._ordered is not None:
            return Outcome(ExitCode.ENDED_BY_TOOLBOX, self._ordered)
        return Outcome(status, f"exit status {status}")

    def _say_unrecorded(self, error: NotRecordedError) -> None:
        """The one line that is not in the recording, because nothing is any more."""
        line = announcement.last_words(f"this session ended, since it can no longer be recorded: {error}")
        if self._job.size is not None:
            self._relay.outlets[0].offer(line, time.monotonic())

    def _sync_failed(self, error: NotRecordedError) -> None:
        self._writer.fail(error)
        os.write(self._wake, b"!")

    def _hear_control(self) -> None:
        control = self._ends.control
        assert control is not None
        try:
            packet = channel.receive(control)
        except channel.ChannelClosedError:  # PID 1 is gone, and with it the pod; the recording is to be whole
            self._relay.loop.forget(control.fileno())
            self._end("the agent is gone", "")
            return
        match packet.message:
            case {"say": str() as text}:
                self._relay.say(text)
            case {"attach": dict() as visit}:
                self._audience.welcome(visit, packet.descriptors)
            case {"end": str() as why, "text": str() as text}:
                self._end(why, text)

    def _end(self, why: str, text: str) -> None:
        self._ordered = self._ordered or why
        self._relay.say_last(text)
        self._relay.end()


def _finish(job: Job, ends: Ends, writer: CastWriter, outcome: Outcome) -> None:
    """Complete the cast, put its summary beside it, and tell PID 1."""
    writer.finish(outcome.why)
    summary = Summary(
        id=job.id,
        user=job.user,
        verified=job.verified,
        run=job.toolbox.run,
        startedAt=format_time(job.started),
        endedAt=format_time(time.time()),
        exitCode=outcome.status,
        why=outcome.why,
        bytes=writer.sink.length if job.recorded else 0,
        sha256=writer.sink.sha256 if job.recorded else None,
        file=job.file,
        failure=str(writer.failure) if writer.failure else None,
        leftOut=writer.gap.total,
        transfer=job.transfer.to_dict() if job.transfer else None,
    )
    if not job.saved:
        take_away(job)
    elif ends.control is not None:  # a local recording is one file
        _shelve(job, writer, summary)
    failed = writer.failure.kind if writer.failure else None
    effort = writer.effort.to_dict()
    channel.tell(ends.control, {"done": summary.to_dict(), "failure": failed, "effort": effort})


def take_away(job: Job) -> None:
    """What is not saved was kept for `attach` alone; whoever copies it to the log takes it away then."""
    if not job.logged:
        job.cast.unlink(missing_ok=True)


def _shelve(job: Job, writer: CastWriter, summary: Summary) -> None:
    try:
        shelve(job.cast, summary)
    except OSError as error:
        writer.fail(not_recorded(error, str(job.cast)))
