"""The client: what `shell` runs for the length of a session.

It hands its terminal to the agent, keeps that terminal in raw mode, passes its size on, and leaves with
the exit status that the recorder tells. It never sees what is typed or printed.
"""

import contextlib
import errno
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from troubleshooter_agent import channel, process, signals, terminal
from troubleshooter_agent.contract import APP, ExitCode
from troubleshooter_agent.copier import Copier, can_be_reopened
from troubleshooter_agent.errors import AgentError, AgentFaultError, NotRecordedError, UsageError
from troubleshooter_agent.request import DESCRIPTORS, Request

_STUCK: Final = (
    "this session ended, since its recording cannot be written any more: the volume does not answer "
    "(look at the volume's events and its storage)"
)
WAIT_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 0.5
STUCK_SIGNAL: Final = signal.SIGUSR1  # from PID 1: the recorder is stuck and will never say how it ends
SIGNALS: Final = (
    signal.SIGWINCH, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, STUCK_SIGNAL,
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What a person asks for: no `argv` means their shell. `user` is a name that nobody has checked yet."""

    argv: tuple[str, ...] = ()
    user: str = ""
    may_ask: bool = False  # whether the person can be asked to go on with an open session


@dataclass(frozen=True)
class Offer:
    """An open session of the same person; `attended` as far as anybody can know."""

    id: str
    started: str
    attended: bool


@dataclass(frozen=True)
class Answer:
    """How a conversation ended; with `wait` it is worth another try, with `offers` the person chooses."""

    status: int
    say: str = ""
    wait: bool = False
    offers: tuple[Offer, ...] = ()


Attached = Callable[[Path, int], None]  # a cast, and how many bytes of it
Offered = Callable[[tuple[Offer, ...]], int | None]  # the exit status, None for a new shell


def open_shell(
    wish: Wish, address: str, offered: Offered, *, pause: Callable[[float], None] = time.sleep
) -> int:
    """Open a recorded session in the toolbox; its exit status.

    While the toolbox is not ready to record this waits, and says so once. `offered` goes on with an open
    session, where there is one and the person wants it.
    """
    process.become_undumpable()
    prepare()
    deadline = time.monotonic() + WAIT_SECONDS
    told = ""
    while True:
        answer = _converse(connect(address), wish)
        if answer.offers:
            status = offered(answer.offers)
            if status is not None:
                return status
            wish = replace(wish, may_ask=False)
            continue
        if not answer.wait or time.monotonic() > deadline:
            return leave(answer)
        if answer.say != told:
            talk(answer.say)
            told = answer.say
        pause(RETRY_SECONDS)


def prepare() -> None:
    """Before anything else: signals are read, not handled, and no descriptor of ours is a standard one."""
    signals.block(SIGNALS)
    for (
        fd
    ) in DESCRIPTORS:  # a program without one of them has /dev/null there: the lowest free number is taken
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


@dataclass(frozen=True)
class HandOver:
    """What the recorder gets for the person's terminal; with a `copier` the client copies for it."""

    descriptors: tuple[int, int, int]
    copier: Copier | None = None


def hand_over(size: tuple[int, int] | None) -> HandOver:
    """The person's own descriptors, unless their terminal is one that the recorder may not open."""
    if size is None or can_be_reopened(0):
        return HandOver(DESCRIPTORS)
    copier = Copier()
    theirs = copier.theirs.fileno()
    return HandOver((theirs, theirs, theirs), copier)


def terminal_size() -> tuple[int, int] | None:
    """Columns and rows of the person's terminal, None without one."""
    return terminal.size(0) if terminal.is_terminal(0, 1) else None


def connect(address: str) -> socket.socket:
    """A connection to PID 1 of this toolbox."""
    try:
        return channel.connect(address)
    except OSError as error:
        raise AgentFaultError(
            f"the agent of this toolbox does not answer: {error.strerror}",
            "`shell` works inside of a toolbox; on your own machine use `troubleshooter-agent record`",
        ) from error


def _converse(connection: socket.socket, wish: Wish) -> Answer:
    size = terminal_size()
    handed = hand_over(size)
    request = Request(wish.argv, wish.user, os.environ, _folder(), size, wish.may_ask and size is not None)
    with connection, terminal.raw(0) if size else nullcontext():
        try:
            channel.send(connection, request.to_message(), handed.descriptors)
        except channel.ChannelClosedError:
            return Answer(ExitCode.AGENT_FAULT, "the agent closed the connection")
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            raise UsageError("the command line or the environment is longer than 100 KB") from error
        return listen(connection, handed)


def listen(connection: socket.socket, handed: HandOver, attached: Attached | None = None) -> Answer:
    """Wait for the end of the session; pass on the size of the terminal meanwhile, or copy for it.

    `attached` draws the screen of an open session, before its output goes on.
    """
    copier = handed.copier
    fd = signals.descriptor(SIGNALS)
    answer: Answer | None = None
    while answer is None:
        sources = copier.sources if copier else []
        ready, _, _ = select.select([fd, connection.fileno(), *sources], (), ())
        for source in sources:
            if copier and source in ready:
                copier.copy(source)
        if fd in ready:
            answer = _signalled(fd, connection)
        if answer is None and connection.fileno() in ready:
            answer = _answered(connection, attached)
    os.close(fd)
    if copier:
        copier.drain()
    return answer


def _signalled(fd: int, connection: socket.socket) -> Answer | None:
    for arrived in signals.read(fd):
        if arrived.number == STUCK_SIGNAL:
            return Answer(ExitCode.NOT_RECORDED, _STUCK)
        if arrived.number != signal.SIGWINCH:
            return Answer(128 + arrived.number)
        size = terminal_size()
        if size:
            try:
                channel.send(connection, {"size": list(size)})
            except channel.ChannelClosedError:
                return None  # the end of the connection is told where it is read
    return None


def _answered(connection: socket.socket, attached: Attached | None) -> Answer | None:
    try:
        message = channel.receive(connection).message
    except channel.ChannelClosedError:
        return Answer(ExitCode.AGENT_FAULT, "the recorder of this session died; what it wrote is kept")
    match message:
        case {"exit": int() as status}:
            return Answer(status, str(message.get("say", "")), wait=message.get("wait") is True)
        case {"offers": [*offers]}:
            return Answer(ExitCode.OK, offers=tuple(Offer(**offer) for offer in offers))
        case {"attached": str(), "cast": str() as cast, "length": int() as length} if attached:
            attached(Path(cast), length)
            channel.tell(connection, {"painted": True})
    return None


def leave(answer: Answer) -> int:
    """Tell the person how it ended; the exit status. NotRecordedError if it could not be recorded."""
    if answer.say:
        if answer.status == ExitCode.NOT_RECORDED:
            raise NotRecordedError(answer.say)
        talk(answer.say)
    return answer.status


def told(do: Callable[[], int]) -> int:
    """The exit status of what is to be done; what goes wrong is told in one sentence."""
    try:
        return do()
    except AgentError as error:
        talk(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def talk(sentence: str) -> None:
    """Tell the person something; never on stdout, which is the program's."""
    with contextlib.suppress(OSError):  # nobody listens
        os.write(2, f"{APP}: {sentence}\n".encode(errors="replace"))


def _folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # it was removed
        return "/"
