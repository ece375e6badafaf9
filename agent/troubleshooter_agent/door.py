"""The door of the toolbox: clients connect, and a well-formed wish of our own user goes to PID 1."""

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from troubleshooter_agent import channel, process
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.request import Wanted, parse_request
from troubleshooter_agent.toolbox import Refusal


@dataclass(frozen=True)
class Visit:
    """A client with a wish; its descriptors are closed once it was answered.

    `entered_at`: when an exec started it in the pod, on the boot clock; None if something inside did.
    """

    connection: socket.socket
    request: Wanted
    descriptors: tuple[int, int, int]
    entered_at: float | None


MOST_SILENT: Final = 64  # clients that have not yet said what they want; one more, and the first has to go


class Door:
    """Listens, and calls `answer` for each visit."""

    def __init__(self, loop: Loop, address: str, answer: Callable[[Visit], None]) -> None:
        self._loop = loop
        self._answer = answer
        self._silent: dict[int, socket.socket] = {}  # the longest waiting first
        self._entered: dict[int, float | None] = {}  # when each of them came into the pod
        self._listener = channel.listen(address)
        loop.watch(self._listener, self._accept)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the client is gone again, or there is no descriptor for it
            connection, _ = self._listener.accept()
            connection.settimeout(0)
            self._silent[connection.fileno()] = connection
            # Now, while that number is surely its own.
            self._entered[connection.fileno()] = process.entered_at(channel.peer(connection).pid)
            self._loop.watch(connection, lambda: self._hear(connection))
        if len(self._silent) > MOST_SILENT:
            self._forget(next(iter(self._silent.values()))).close()

    def _hear(self, connection: socket.socket) -> None:
        try:
            packet = channel.receive(connection)
        except BlockingIOError:
            return
        except channel.ChannelClosedError:
            packet = channel.Packet({}, [])
        request = parse_request(packet)
        entered_at = self._entered[connection.fileno()]
        with self._forget(connection):
            if request is not None and channel.peer(connection).uid == os.getuid():
                first, second, third = packet.descriptors
                self._answer(Visit(connection, request, (first, second, third), entered_at))
        for fd in packet.descriptors:
            os.close(fd)

    def _forget(self, connection: socket.socket) -> socket.socket:
        self._loop.forget(connection)
        del self._entered[connection.fileno()]
        return self._silent.pop(connection.fileno())


def refuse(visit: Visit, refusal: Refusal) -> None:
    """Send a client away, with the sentence that says why."""
    message = {"exit": refusal.status, "say": refusal.sentence, "wait": refusal.wait}
    channel.tell(visit.connection, message)
