"""PID 1's side of the readings in a replay: noted in the log, they keep it alive, and are told of its end.

A reading lasts for as long as its process holds the connection; nothing that it says is heard.
"""

import socket
from collections.abc import Callable
from typing import Any, Final

from troubleshooter_agent import channel
from troubleshooter_agent.activity import ReadingActivity
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.door import Visit
from troubleshooter_agent.log import Log
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.request import Read
from troubleshooter_agent.toolbox import UNKNOWN_USER, Refusal

MOST_READERS: Final = 64  # at once: each is two processes and a descriptor of PID 1


class Readers:
    """Those who read now; `clock` gives seconds of CLOCK_BOOTTIME."""

    def __init__(self, loop: Loop, activity: ReadingActivity, log: Log, clock: Callable[[], float]) -> None:
        self._loop = loop
        self._activity = activity
        self._log = log
        self._clock = clock
        self._connections: set[socket.socket] = set()

    @property
    def descriptors(self) -> list[int]:
        """Of those who are still there; each can be read from once its reader has gone."""
        return [connection.fileno() for connection in self._connections]

    def admit(self, reading: Read, visit: Visit) -> Refusal | None:
        """Let one read, with a line in the log that says who and what."""
        if len(self._connections) >= MOST_READERS:
            return Refusal(
                ExitCode.USAGE, f"{MOST_READERS} people read here already; close one reading and try again"
            )
        try:
            connection = visit.connection.dup()
        except OSError as error:
            return Refusal(
                ExitCode.AGENT_FAULT, f"this replay has no room for another reading ({error.strerror})"
            )
        connection.settimeout(0)
        self._connections.add(connection)
        self._loop.watch(connection, lambda: self._hear(connection))
        self._activity.began(self._clock())
        self._log.event("reading", user=reading.user or UNKNOWN_USER, argv=" ".join(reading.argv))
        channel.tell(connection, {"read": True, "note": ""})
        return None

    def tell(self, message: dict[str, Any]) -> None:
        """Say something to everybody who reads."""
        for connection in self._connections:
            channel.tell(connection, message)

    def _hear(self, connection: socket.socket) -> None:
        try:
            packet = channel.receive(connection)
        except BlockingIOError:
            return
        except channel.ChannelClosedError:
            self._left(connection)
            return
        for descriptor in packet.descriptors:
            socket.close(descriptor)

    def _left(self, connection: socket.socket) -> None:
        self._loop.forget(connection)
        self._connections.remove(connection)
        connection.close()
        self._activity.ended(self._clock())
