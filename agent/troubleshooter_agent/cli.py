"""The command line: each command is a value that knows how to run itself; parsing touches nothing.

shell [--user=NAME] [-c COMMAND | -- COMMAND ARG...]    open a recorded session in this toolbox
record [-o FILE] [-- COMMAND ARG...]                    record a session of this machine
list, cat, play                                         read recordings
run                                                     be PID 1 of a toolbox
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, Protocol

from troubleshooter_agent import __version__, client, contract
from troubleshooter_agent.client import Wish
from troubleshooter_agent.errors import AgentError, UsageError
from troubleshooter_agent.session import Job, Toolbox, cast_name, new_id
from troubleshooter_agent.spawn import Program

PROGRAM: Final = "troubleshooter-agent"
SOCKET: Final = "@troubleshooter-agent"
NOT_YET: Final = ("attach", "extend", "verify", "repair", "follow", "search", "export")
READINGS: Final = ("list", "cat", "play")


class Command(Protocol):
    """What a command line asks for."""

    def run(self) -> int:
        """Do it; the exit status."""


@dataclass(frozen=True)
class Shell:
    """Open a recorded session in the toolbox."""

    wish: Wish
    command: str | None
    socket: str

    def run(self) -> int:
        wish = self.wish
        if self.command is not None:
            wish = Wish(client.shell_argv(os.environ, self.command), wish.user)
        if is_reading(wish.argv):
            return _read(wish)
        return client.open_shell(wish, self.socket)


@dataclass(frozen=True)
class Record:
    """Record a session of this machine."""

    output: Path | None
    argv: tuple[str, ...]

    def run(self) -> int:
        started = time.time()
        session_id = new_id()
        cast = (self.output or Path(cast_name(started, session_id))).absolute()
        if cast.exists():
            raise UsageError(f"{cast} exists", "no recording is ever overwritten: name another file with -o")
        argv = self.argv or client.shell_argv(os.environ)
        job = Job(
            id=session_id,
            started=started,
            user=os.environ.get("USER", "unknown"),
            verified=False,
            toolbox=Toolbox(namespace="", name=os.uname().nodename),
            program=Program(argv, dict(os.environ), str(Path.cwd())),
            size=client.terminal_size(),
            root=cast.parent,
            cast=cast,
            hang_up_when_left=True,
        )
        status = client.record_here(job)
        client.talk(f"recorded in {cast}; play it with: asciinema play {cast}")
        return status


@dataclass(frozen=True)
class Reading:
    """Read recordings; never recorded."""

    verb: str
    id: str
    raw: bool
    root: Path

    def run(self) -> int:
        from troubleshooter_agent import library  # noqa: PLC0415 - keeps the client's start short

        match self.verb:
            case "list":
                return library.list_recordings(self.root, sys.stdout)
            case "cat":
                return library.cat(self.root, self.id, sys.stdout.buffer, raw=self.raw)
        return library.play(self.root, self.id)


@dataclass(frozen=True)
class Run:
    """Be PID 1."""

    recordings: Path
    annotations: Path
    run_folder: Path
    termination_log: Path
    socket: str
    host: str
    port: int

    def run(self) -> int:
        from troubleshooter_agent import init  # noqa: PLC0415 - PID 1 alone needs it
        from troubleshooter_agent.log import Log  # noqa: PLC0415 - as above

        settings = init.Settings(
            recordings=self.recordings,
            annotations=self.annotations,
            run_folder=self.run_folder,
            termination_log=self.termination_log,
            address=self.socket,
            listen=(self.host, self.port),
            home=os.environ.get("HOME", "/"),
        )
        return init.run(settings, Log())


@dataclass(frozen=True)
class NotYet:
    """A command of a later version."""

    verb: str

    def run(self) -> int:
        raise UsageError(f"{self.verb} is not yet available", f"see {PROGRAM} --help for what is")


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, and tell what went wrong in one sentence."""
    try:
        return parse(sys.argv[1:] if argv is None else argv).run()
    except AgentError as error:
        client.talk(str(error))
        return error.exit_code


def parse(argv: Sequence[str]) -> Command:
    """The command that a command line asks for."""
    if argv and argv[0] == "shell":
        return parse_shell(argv[1:])
    if argv and argv[0] in NOT_YET:
        return NotYet(argv[0])
    parser = build_parser()
    options = parser.parse_args(argv)
    match options.verb:
        case "record":
            return Record(options.output, tuple(options.command))
        case "run":
            return Run(
                options.recordings, options.annotations, options.run_folder, options.termination_log,
                options.socket, options.host, options.port,
            )  # fmt: skip
    return Reading(
        options.verb, getattr(options, "id", ""), getattr(options, "raw", False), options.recordings
    )


def parse_shell(argv: Sequence[str]) -> Command:
    """`shell` has a parser of its own: what follows -c or -- belongs to somebody else's command line."""
    address = os.environ.get("TROUBLESHOOTER_SOCKET", SOCKET)
    wish, rest = client.with_user(Wish(), argv)
    match rest:
        case []:
            return Shell(wish, None, address)
        case ["-h" | "--help"]:
            build_parser().parse_args(["shell", "--help"])
        case ["-c", command]:
            return Shell(wish, command, address)
        case ["-c", command, *arguments]:
            words = (*client.shell_argv(os.environ, command), *arguments)
            return Shell(Wish(words, wish.user), None, address)
        case ["--", _, *_]:
            return Shell(Wish(tuple(rest[1:]), wish.user), None, address)
        case [("attach" | "extend") as verb, *_]:
            return NotYet(f"shell {verb}")
    raise UsageError(
        f"shell takes no {rest[0]!r}", "write: shell [--user=NAME] [-c COMMAND | -- COMMAND ARG...]"
    )


def is_reading(argv: Sequence[str]) -> bool:
    """Whether a command only reads recordings, and so is not recorded itself; nothing else qualifies."""
    return len(argv) > 1 and argv[0] == PROGRAM and argv[1] in READINGS


class _Parser(argparse.ArgumentParser):
    """Says what is wrong as all of the agent does: in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"see {self.prog} --help")


def build_parser() -> _Parser:
    """The parser behind --help."""
    parser = _Parser(prog=PROGRAM, description="Recorded shells for a toolbox in Kubernetes.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    _add_shell(verbs)
    _add_record(verbs)
    _add_readings(verbs)
    _add_run(verbs)
    return parser


Verbs = argparse._SubParsersAction  # noqa: SLF001 - argparse gives its type no public name


def _add(verbs: "Verbs[_Parser]", verb: str, sentence: str, example: str) -> _Parser:
    return verbs.add_parser(verb, help=sentence, description=sentence, epilog=f"example: {example}")


def _add_shell(verbs: "Verbs[_Parser]") -> None:
    shell = _add(
        verbs, "shell", "open a recorded session in this toolbox", "shell --user=alice -- dig kubernetes"
    )
    shell.usage = "shell [--user=NAME] [-c COMMAND | -- COMMAND ARG...]"
    shell.add_argument(
        "--user", metavar="NAME", help="who you are; only as the first argument (default: unknown)"
    )
    shell.add_argument("-c", metavar="COMMAND", help="a command line for your shell instead of a dialogue")


def _add_record(verbs: "Verbs[_Parser]") -> None:
    record = _add(
        verbs,
        "record",
        "record a session of this machine",
        f"{PROGRAM} record -o ping.cast -- ping -c 3 localhost",
    )
    record.add_argument(
        "-o",
        dest="output",
        metavar="FILE",
        type=Path,
        help="the cast to write (default: a name with the time)",
    )
    record.add_argument(
        "command", nargs="*", metavar="COMMAND", help="what to run, after -- (default: your shell)"
    )


def _add_readings(verbs: "Verbs[_Parser]") -> None:
    sentences = {
        "list": "list the recordings on the volume",
        "cat": "print what a recorded terminal showed",
        "play": "replay a recording in this terminal, with asciinema",
    }
    for verb, sentence in sentences.items():
        reading = _add(verbs, verb, sentence, f"{PROGRAM} {verb}" + ("" if verb == "list" else " 3f9k2m1x"))
        reading.add_argument(
            "--recordings", type=Path, default=Path(contract.RECORDINGS_DIR), metavar="FOLDER",
            help="where the recordings are (default: %(default)s)",
        )  # fmt: skip
        if verb != "list":
            reading.add_argument("id", metavar="ID", help="the recording's id, or the path of a cast")
        if verb == "cat":
            reading.add_argument(
                "--raw", action="store_true", help="the exact bytes, also what was not UTF-8"
            )


def _add_run(verbs: "Verbs[_Parser]") -> None:
    run = _add(verbs, "run", "be PID 1 of a toolbox", f"{PROGRAM} run")
    folders = {
        "recordings": (contract.RECORDINGS_DIR, "the volume for the recordings"),
        "annotations": (contract.ANNOTATIONS_DIR, "the pod's annotations, projected by the downward API"),
        "run-folder": (contract.RUN_DIR, "where the user's name is written"),
        "termination-log": (contract.TERMINATION_LOG, "where the last message goes"),
    }
    for option, (default, sentence) in folders.items():
        run.add_argument(
            f"--{option}",
            type=Path,
            default=Path(default),
            metavar="PATH",
            help=f"{sentence} (default: %(default)s)",
        )
    run.add_argument(
        "--socket",
        default=SOCKET,
        metavar="NAME",
        help="the clients' socket, @ for an abstract name (default: %(default)s)",
    )
    run.add_argument(
        "--host", default="", metavar="ADDRESS", help="the address of /metrics and /status (default: all)"
    )
    run.add_argument(
        "--port",
        type=int,
        default=contract.METRICS_PORT,
        metavar="NUMBER",
        help="their port (default: %(default)s)",
    )


def _read(wish: Wish) -> int:
    """Let a reading through without a recording; one line tells that it was asked for."""
    from troubleshooter_agent import annotations, library  # noqa: PLC0415 - readings alone need them

    folder = Path(contract.ANNOTATIONS_DIR)
    projected, _ = annotations.project(annotations.read(folder), None)
    library.note_reading(
        Path(contract.RECORDINGS_DIR),
        projected.namespace,
        projected.name,
        wish.user or "unknown",
        wish.argv,
        time.time(),
    )
    return parse(wish.argv[1:]).run()
