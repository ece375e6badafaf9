"""PID 1's side of the container's log: a process for each session that is copied there.

It never waits for one but at the toolbox's end, and then not for long. What the log's reader was too slow for
is counted here, for the metric and the agent's own log.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from troubleshooter_agent import channel, children
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.outlet import own
from troubleshooter_agent.session import Job
from troubleshooter_agent.shipper import ship


@dataclass
class _Shipment:
    child: children.Child
    job: Job
    is_counted: bool = False  # it has said how much it left out


class Shipping:
    """All of them; `out` opens the log anew for each, so that not blocking stays its own matter.

    `lost` is told of each session that is not copied, or no longer, and why.
    """

    def __init__(
        self,
        loop: Loop,
        log: Log,
        *,
        lost: Callable[[Job, str], None],
        out: Callable[[], int] | None = None,
    ) -> None:
        self._loop = loop
        self._log = log
        self._lost = lost
        self._out = out or _stdout
        self._shipments: dict[int, _Shipment] = {}
        self.dropped = 0  # lines

    def __len__(self) -> int:
        return len(self._shipments)

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(self._shipments)

    @property
    def pidfds(self) -> list[int]:
        return [shipment.child.pidfd for shipment in self._shipments.values()]

    def opened(self, job: Job) -> None:
        """Begin to copy a session whose cast has its name."""
        try:
            child = children.fork(lambda control: ship(job, self._out(), control), self._loop.descriptors())
        except OSError as error:
            self._lose(job, f"no room for a process: {error.strerror}")
            return
        shipment = _Shipment(child, job)
        self._shipments[child.pid] = shipment
        self._loop.watch(child.channel, lambda: self._hear(shipment))
        self._loop.watch(child.pidfd, lambda: self._ended(shipment))

    def closed(self, session_id: str) -> None:
        """The cast of a session grows no more."""
        for shipment in self._shipments.values():
            if shipment.job.id == session_id:
                channel.tell(shipment.child.channel, {"over": True})

    def stop(self) -> None:
        """What is not in the log by now is left out."""
        for shipment in self._shipments.values():
            channel.tell(shipment.child.channel, {"stop": True})

    def settle(self) -> None:
        """Take in what those that have ended said last."""
        for shipment in self._shipments.values():
            self._hear(shipment)

    def _hear(self, shipment: _Shipment) -> None:
        for message in children.heard(shipment.child, self._loop):
            match message:
                case {"dropped": int() as lines}:
                    shipment.is_counted = True
                    self._count(shipment.job, lines)
                case {"lost": str() as why}:
                    self._lose(shipment.job, why)

    def _count(self, job: Job, lines: int) -> None:
        self.dropped += lines
        if lines:
            self._log.event("log-lines-dropped", id=job.id, lines=lines)

    def _lose(self, job: Job, why: str) -> None:
        self._log.event("session-not-logged", id=job.id, why=why)
        self._lost(job, why)

    def _ended(self, shipment: _Shipment) -> None:
        self._hear(shipment)
        code = children.exit_code(shipment.child)
        if not shipment.is_counted:
            self._lose(shipment.job, f"the process that copies it ended with {code}")
        self._loop.forget(shipment.child.pidfd)
        self._loop.forget(shipment.child.channel)
        shipment.child.close()
        del self._shipments[shipment.child.pid]


def _stdout() -> int:
    return own(sys.stdout.fileno(), os.O_WRONLY | os.O_APPEND)
