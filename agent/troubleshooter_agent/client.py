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
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from troubleshooter_agent import channel, children, process, recorder, signals, terminal
from troubleshooter_agent.contract import APP, ExitCode
from troubleshooter_agent.copier import Copier, can_be_reopened
from troubleshooter_agent.errors import AgentFaultError, NotRecordedError, UsageError
from troubleshooter_agent.session import Job

DESCRIPTORS: Final = (0, 1, 2)
LONGEST_USER: Final = 1024  # bytes as JSON: /status has to hold those of many sessions
WAIT_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 0.5
_SIGNALS: Final = (signal.SIGWINCH, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


@dataclass(frozen=True)
class Wish:
    """What a person asks for: no `argv` means their shell. `user` is a name that nobody has checked yet."""

    argv: tuple[str, ...] = ()
    user: str = ""

    def to_message(self, environment: Mapping[str, str], size: tuple[int, int] | None) -> dict[str, Any]:
        return {
            "open": {
                "argv": [_packed(word) for word in self.argv],
                "user": self.user,
                "environment": {_packed(name): _packed(environment[name]) for name in environment if name},
                "folder": _packed(_folder()),
                "size": list(size) if size else None,
            }
        }


@dataclass(frozen=True)
class _Answer:
    """How a conversation ended; with `wait` it is worth another try."""

    status: int
    say: str = ""
    wait: bool = False


def open_shell(wish: Wish, address: str, *, pause: Callable[[float], None] = time.sleep) -> int:
    """Open a recorded session in the toolbox; its exit status.

    While the toolbox is not ready to record this waits, and says so once.
    """
    process.become_undumpable()
    signals.block(_SIGNALS)
    _open_standard_descriptors()
    deadline = time.monotonic() + WAIT_SECONDS
    told = ""
    while True:
        answer = _converse(_connect(address), wish)
        if not answer.wait or time.monotonic() > deadline:
            return _leave(answer)
        if answer.say != told:
            talk(answer.say)
            told = answer.say
        pause(RETRY_SECONDS)


def _open_standard_descriptors() -> None:
    """A program without one of them has /dev/null there, as everywhere: the lowest free number is taken."""
    for fd in DESCRIPTORS:
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def record_here(job: Job) -> int:
    """Record a session of this machine: the same pair of processes, without a toolbox."""
    signals.block(_SIGNALS)
    _open_standard_descriptors()
    copier = Copier() if job.size and not can_be_reopened(0) else None
    descriptors = (copier.theirs.fileno(),) * 3 if copier else DESCRIPTORS
    child = children.fork(lambda ours: recorder.record(job, recorder.Ends(ours, None, descriptors)), ())
    with terminal.raw(0) if job.size else nullcontext():
        return _leave(_listen(child.channel, copier))


def terminal_size() -> tuple[int, int] | None:
    """Columns and rows of the person's terminal, None without one."""
    return terminal.size(0) if terminal.is_terminal(0, 1) else None


def _connect(address: str) -> socket.socket:
    try:
        return channel.connect(address)
    except OSError as error:
        raise AgentFaultError(
            f"the agent of this toolbox does not answer: {error.strerror}",
            "`shell` works inside of a toolbox; on your own machine use `troubleshooter-agent record`",
        ) from error


def _converse(connection: socket.socket, wish: Wish) -> _Answer:
    size = terminal_size()
    copier = Copier() if size and not can_be_reopened(0) else None
    descriptors = (copier.theirs.fileno(),) * 3 if copier else DESCRIPTORS
    with connection, terminal.raw(0) if size else nullcontext():
        try:
            channel.send(connection, wish.to_message(os.environ, size), descriptors)
        except channel.ChannelClosedError:
            return _Answer(ExitCode.AGENT_FAULT, "the agent closed the connection")
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            raise UsageError("the command line or the environment is longer than 100 KB") from error
        return _listen(connection, copier)


def _listen(connection: socket.socket, copier: Copier | None = None) -> _Answer:
    """Wait for the end of the session; pass on the size of the terminal meanwhile, or copy for it."""
    fd = signals.descriptor(_SIGNALS)
    answer: _Answer | None = None
    while answer is None:
        sources = copier.sources if copier else []
        ready, _, _ = select.select([fd, connection.fileno(), *sources], (), ())
        for source in sources:
            if copier and source in ready:
                copier.copy(source)
        if fd in ready:
            answer = _signalled(fd, connection)
        if answer is None and connection.fileno() in ready:
            answer = _answered(connection)
    os.close(fd)
    if copier:
        copier.drain()
    return answer


def _signalled(fd: int, connection: socket.socket) -> _Answer | None:
    for arrived in signals.read(fd):
        if arrived.number != signal.SIGWINCH:
            return _Answer(128 + arrived.number)
        size = terminal_size()
        if size:
            try:
                channel.send(connection, {"size": list(size)})
            except channel.ChannelClosedError:
                return None  # the end of the connection is told where it is read
    return None


def _answered(connection: socket.socket) -> _Answer | None:
    try:
        message = channel.receive(connection).message
    except channel.ChannelClosedError:
        return _Answer(ExitCode.AGENT_FAULT, "the recorder of this session died; what it wrote is kept")
    match message:
        case {"exit": int() as status}:
            return _Answer(status, str(message.get("say", "")), wait=message.get("wait") is True)
    return None


def _leave(answer: _Answer) -> int:
    if answer.say:
        if answer.status == ExitCode.NOT_RECORDED:
            raise NotRecordedError(answer.say)
        talk(answer.say)
    return answer.status


def talk(sentence: str) -> None:
    """Tell the person something; never on stdout, which is the program's."""
    with contextlib.suppress(OSError):  # nobody listens
        os.write(2, f"{APP}: {sentence}\n".encode(errors="replace"))


def _packed(word: str) -> str:
    """A word that need not be UTF-8, one character a byte: JSON takes no others."""
    return os.fsencode(word).decode("latin-1")


def unpacked(text: str) -> str:
    """What `_packed` packed; ValueError for anything else."""
    return os.fsdecode(text.encode("latin-1"))


def _folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # it was removed
        return "/"


def shell_argv(environment: Mapping[str, str], command: str | None = None) -> tuple[str, ...]:
    """The person's shell, or the shell that runs a command line."""
    shell = environment.get("SHELL") or ("/bin/bash" if Path("/bin/bash").exists() else "/bin/sh")
    return (shell,) if command is None else (shell, "-c", command)


def is_too_long(user: str) -> bool:
    """Whether a name is longer than anybody's."""
    return len(orjson.dumps(user)) > LONGEST_USER


def with_user(wish: Wish, arguments: Sequence[str]) -> tuple[Wish, list[str]]:
    """Take `--user=NAME` from the front of the arguments; anywhere else it is an argument, no identity."""
    prefix = "--user="
    if not arguments or not arguments[0].startswith(prefix):
        return wish, list(arguments)
    user = os.fsencode(arguments[0].removeprefix(prefix)).decode(errors="replace")
    if is_too_long(user):
        raise UsageError(f"--user={user[:20]}... is too long", f"a name has at most {LONGEST_USER} bytes")
    return replace(wish, user=user), list(arguments[1:])
