"""The client of a reading through `shell`: PID 1 says who leaves the note of it, and where.

In a toolbox that is the reader, on the volume; PID 1 then has no more to do with it. In a replay, whose
volume is read-only, PID 1 has noted it in its log, and it goes on in a process beside: this one holds the
connection that keeps the replay alive, says what PID 1 has to say, and ends the reading with the replay.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from troubleshooter_agent import announcement, channel, children, client, library, process, terminal
from troubleshooter_agent.children import Child
from troubleshooter_agent.client import Answer
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.neutral import CLEAN
from troubleshooter_agent.request import DESCRIPTORS, MOST_WORDS, Read

LONGEST_WORD: Final = 256  # characters of each word in the note
UNKNOWN_USER: Final = "unknown"


def read(reading: Callable[[], int], argv: Sequence[str], user: str, address: str) -> int:
    """Do the reading once its note is left; its exit status, or 124 if the replay ends first."""
    words = tuple(word[:LONGEST_WORD] for word in argv[:MOST_WORDS])
    with client.connect(address) as connection:
        match _ask(connection, Read(words, user)):
            case {"read": True, "note": ""}:
                return _beside(reading, connection)
            case {"read": True, "note": str() as folder}:
                library.note_reading(Path(folder), user or UNKNOWN_USER, words, time.time())
            case {"exit": int() as status, "say": str() as say}:
                return client.leave(Answer(status, say))
            case _:
                return client.leave(Answer(ExitCode.AGENT_FAULT, "the agent closed the connection"))
    return reading()


def _ask(connection: socket.socket, wish: Read) -> dict[str, object]:
    try:
        channel.send(connection, wish.to_message(), DESCRIPTORS)
        return channel.receive(connection).message
    except channel.ChannelClosedError:
        return {}


def _beside(reading: Callable[[], int], connection: socket.socket) -> int:
    """Wait for a reading in a process of its own, or for the end of the replay."""
    child = children.fork(lambda _: _told(reading), [connection.fileno()])
    os.dup(connection.fileno())  # open until this process has ended, which is what PID 1 waits for
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the reading's business, we only outlive it
    with _restored(0):
        text = _wait(child, connection)
        process.kill_descendants(os.getpid())
        status = process.exit_status(child.pidfd)
    return _broken_off(text) if text else status


def _wait(child: Child, connection: socket.socket) -> str:
    """Until the reading has ended, or the replay does: then its last words."""
    poll = select.poll()
    poll.register(child.pidfd, select.POLLIN)
    poll.register(connection, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll()}
        if child.pidfd in ready:
            return ""
        text = _heard(connection)
        if text:
            return text
        if text is None:
            poll.unregister(connection)


def _told(reading: Callable[[], int]) -> int:
    try:
        return client.told(reading)
    finally:
        sys.stdout.flush()


def _heard(connection: socket.socket) -> str | None:
    """The last words of the replay, empty for what was a warning; None once PID 1 is gone."""
    try:
        message = channel.receive(connection).message
    except channel.ChannelClosedError:
        return None
    match message:
        case {"end": str() as text}:
            return text
        case {"say": str() as text}:
            _say(text)
    return ""


def _say(text: str) -> None:
    """On the last line of a screen that something is played on; a line of its own elsewhere."""
    if terminal.is_terminal(1):
        with contextlib.suppress(OSError):  # it is gone
            os.write(1, announcement.as_bar(text, terminal.size(1)))
    else:
        client.talk(text)


def _broken_off(text: str) -> int:
    if terminal.is_terminal(1):
        with contextlib.suppress(OSError):  # it is gone
            os.write(1, f"{CLEAN}\r\n".encode())
    client.talk(text)
    return ExitCode.ENDED_BY_TOOLBOX


@contextlib.contextmanager
def _restored(fd: int) -> Iterator[None]:
    """A player that is killed leaves its terminal raw."""
    if not terminal.is_terminal(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal may be gone by then
            termios.tcsetattr(fd, termios.TCSANOW, before)
