"""The process that copies one session to the container's log, from its cast, at the log reader's pace.

It reads what is recorded already, so however slow the log is, no recording waits for it. What it could not
write in time it counts, and PID 1 tells. Forked by `shipping`; it knows nothing of the session's program.
"""

import os
import select
import socket
from collections.abc import Iterator
from typing import Any, Final

from troubleshooter_agent import asciicast, channel, process
from troubleshooter_agent.asciicast import NotACastError
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.lines import read_line
from troubleshooter_agent.logline import LogLines
from troubleshooter_agent.session import Job
from troubleshooter_agent.tail import tail

POLL_MILLISECONDS: Final = 100
_FACTS: Final = ("namespace", "name", "run", "pod", "podUID", "user", "verified")


class Log:
    """The container's log as one session writes to it: `out` does not block, `control` leads to PID 1."""

    def __init__(self, out: int, control: socket.socket) -> None:
        self._out = out
        self._control = control
        self.is_over = False  # the cast grows no more
        self.is_stopped = False  # nobody waits for us any more
        control.settimeout(0)

    def send(self, line: bytes) -> bool:
        """Whether the line is written; it waits until the reader takes it or PID 1 waits no more."""
        while not self.is_stopped:
            try:
                os.write(self._out, line)
            except BlockingIOError:
                self._look(select.POLLOUT, None)
            except OSError:  # nobody reads it, and nobody will
                return False
            else:
                return True
        return False

    def wait(self) -> None:
        """For more of the cast."""
        self._look(0, POLL_MILLISECONDS)

    def _look(self, events: int, milliseconds: int | None) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if events:
            poll.register(self._out, events)
        if any(fd == self._control.fileno() for fd, _ in poll.poll(milliseconds)):
            self._hear()

    def _hear(self) -> None:
        try:
            message = channel.receive(self._control).message
        except BlockingIOError:
            return
        except channel.ChannelClosedError:
            message = {"stop": True}
        self.is_over = self.is_over or "over" in message
        self.is_stopped = self.is_stopped or "stop" in message


def ship(job: Job, out: int, control: socket.socket) -> int:
    """Copy the session until it is over; PID 1 hears how many lines were left out."""
    process.rename("tshoot-shipper")
    log = Log(out, control)
    dropped = 0
    try:
        for line in _lines(job, log):
            dropped += 0 if not dropped and log.send(line) else 1
    except (OSError, NotACastError) as error:
        channel.tell(control, {"lost": str(error)})
    finally:
        if not job.saved:
            job.cast.unlink(missing_ok=True)
    channel.tell(control, {"dropped": dropped})
    return ExitCode.OK


def _lines(job: Job, log: Log) -> Iterator[bytes]:
    """All lines of the session, as they come into being."""
    lines = LogLines(facts_of(job), job.started)
    with job.cast.open("rb") as cast:
        first = read_line(cast)
        yield from lines.header(asciicast.parse_header(first))
        over = lambda: log.is_over or log.is_stopped  # noqa: E731 - asked at each turn
        for event in tail(cast, len(first), is_over=over, wait=log.wait):
            if event is not None:
                yield from lines.event(event)


def facts_of(job: Job) -> dict[str, Any]:
    """Whose session it is, on each of its lines; the rest is in the header."""
    header = job.header()
    return {"session": job.id, **{name: header[name] for name in _FACTS}}
