"""JSON objects, one a packet, over a Unix socket, with descriptors beside them; used by all processes."""

import array
import contextlib
import errno
import os
import socket
from dataclasses import dataclass
from typing import Any, Final

import orjson

PACKET_BYTES: Final = 128 * 1024
_ROOM: Final = socket.CMSG_LEN(4 * array.array("i").itemsize)  # for a connection and three descriptors


class ChannelClosedError(ConnectionError):
    """The other side is gone."""


@dataclass(frozen=True)
class Packet:
    """A message and the descriptors that came with it, which the receiver now owns."""

    message: dict[str, Any]
    descriptors: list[int]


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends that keep packets apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def listen(address: str) -> socket.socket:
    """A non-blocking socket at `address`; a leading @ means an abstract name, which nobody can unlink."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(_name(address))
    listener.listen(64)
    listener.settimeout(0)
    return listener


def connect(address: str) -> socket.socket:
    """A connection to the agent; OSError if nobody listens."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(_name(address))
    except OSError:
        connection.close()
        raise
    return connection


def send(connection: socket.socket, message: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    """Send one packet; BlockingIOError when the other side is slow, ChannelClosedError when it is gone.

    OSError with EMSGSIZE for more than PACKET_BYTES, which nobody would receive whole.
    """
    packet = orjson.dumps(message)
    if len(packet) > PACKET_BYTES:
        raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    try:
        connection.sendmsg([packet], ancillary, socket.MSG_NOSIGNAL)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ChannelClosedError from error


def tell(connection: socket.socket | None, message: dict[str, Any]) -> None:
    """Send to somebody who may be gone or slow, or is nobody: then there is nobody to tell."""
    if connection is not None:
        with contextlib.suppress(ChannelClosedError, BlockingIOError):
            send(connection, message)


def receive(connection: socket.socket) -> Packet:
    """The next packet; BlockingIOError when there is none, ChannelClosedError at the end or for nonsense."""
    try:  # not socket.recv_fds: it ignores its flags
        text, ancillary, flags, _ = connection.recvmsg(PACKET_BYTES, _ROOM, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError as error:
        raise ChannelClosedError from error
    descriptors = _descriptors(ancillary)
    message = _parse(text) if not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) else None
    if message is None:
        for descriptor in descriptors:
            socket.close(descriptor)
        raise ChannelClosedError
    return Packet(message, descriptors)


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return found.tolist()


@dataclass(frozen=True)
class Peer:
    """The process on the other side, as the kernel knows it."""

    pid: int
    uid: int


def peer(connection: socket.socket) -> Peer:
    """Who connected (SO_PEERCRED)."""
    pid, uid, _ = array.array("i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid, uid)


def _parse(text: bytes) -> dict[str, Any] | None:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) else None


def _name(address: str) -> str:
    return f"\0{address[1:]}" if address.startswith("@") else address
