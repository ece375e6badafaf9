"""The door of the toolbox: clients connect, and a well-formed wish of our own user goes to PID 1."""

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from troubleshooter_agent import channel
from troubleshooter_agent.client import DESCRIPTORS
from troubleshooter_agent.loop import Loop
from troubleshooter_agent.toolbox import Refusal, Request


@dataclass(frozen=True)
class Visit:
    """A client that asks for a session; its descriptors are closed once it was answered."""

    connection: socket.socket
    request: Request
    descriptors: tuple[int, int, int]


MOST_WAITING: Final = 64  # clients that have not yet said what they want


class Door:
    """Listens, and calls `answer` for each visit."""

    def __init__(self, loop: Loop, address: str, answer: Callable[[Visit], None]) -> None:
        self._loop = loop
        self._answer = answer
        self._waiting = 0
        self._listener = channel.listen(address)
        loop.watch(self._listener, self._accept)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the client is gone again, or there is no descriptor for it
            connection, _ = self._listener.accept()
            if self._waiting == MOST_WAITING:
                connection.close()
                return
            connection.settimeout(0)
            self._waiting += 1
            self._loop.watch(connection, lambda: self._hear(connection))

    def _hear(self, connection: socket.socket) -> None:
        try:
            packet = channel.receive(connection)
        except BlockingIOError:
            return
        except channel.ChannelClosedError:
            packet = channel.Packet({}, [])
        self._waiting -= 1
        self._loop.forget(connection)
        request = parse_request(packet)
        with connection:
            if request is not None and channel.peer(connection).uid == os.getuid():
                first, second, third = packet.descriptors
                self._answer(Visit(connection, request, (first, second, third)))
        for fd in packet.descriptors:
            os.close(fd)


def refuse(visit: Visit, refusal: Refusal) -> None:
    """Send a client away, with the sentence that says why."""
    message = {"exit": refusal.status, "say": refusal.sentence, "wait": refusal.wait}
    with contextlib.suppress(BlockingIOError, channel.ChannelClosedError):
        channel.send(visit.connection, message)


def parse_request(packet: channel.Packet) -> Request | None:
    """A client's wish; None for anything else."""
    match packet.message.get("open"):
        case {
            "argv": list() as argv,
            "user": str() as user,
            "environment": dict() as environment,
            "folder": str() as folder,
            "size": size,
        } if len(packet.descriptors) == len(DESCRIPTORS):
            if all(isinstance(word, str) for word in (*argv, *environment.values())):
                return Request(tuple(argv), user, environment, folder, _size(size))
    return None


def _size(size: object) -> tuple[int, int] | None:
    match size:
        case [int() as columns, int() as rows]:
            return columns, rows
    return None
