"""What --help shows: every option with its help, every command with an example; used by `cli`."""

import argparse
from pathlib import Path
from typing import Final

from troubleshooter_agent import __version__, cgroup, contract
from troubleshooter_agent.commands import PROGRAM, SOCKET
from troubleshooter_agent.limits import Limits
from troubleshooter_agent.parser import Parser, Verbs, add
from troubleshooter_agent.reading_options import add_readings

DEFAULT_FOLDERS: Final = [
    (Path(folder), contract.parse_size(size)) for folder, size in contract.WRITABLE.values()
]


def build_parser() -> Parser:
    """The parser behind --help."""
    parser = Parser(prog=PROGRAM, description="Recorded shells for a toolbox in Kubernetes.")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    _add_shell(verbs)
    _add_record(verbs)
    add_readings(verbs)
    _add_run(verbs)
    return parser


def _add_shell(verbs: "Verbs[Parser]") -> None:
    shell = add(
        verbs, "shell", "open a recorded session in this toolbox", "shell --user=alice -- dig kubernetes"
    )
    shell.usage = "shell [--user=NAME] [-c COMMAND | -- COMMAND ARG... | attach [--view] [ID] | extend TIME]"
    shell.add_argument(
        "--user", metavar="NAME", help="who you are; only as the first argument (default: unknown)"
    )
    shell.add_argument("attach", nargs="?", metavar="attach [ID]", help=_ATTACH)
    shell.add_argument("extend", nargs="?", metavar="extend TIME", help=_EXTEND)
    shell.add_argument("--view", action="store_true", help="with attach: look on without taking part")
    shell.add_argument("-c", metavar="COMMAND", help="a command line for your shell instead of a dialogue")


_ATTACH: Final = "go on with an open session of yours: the only one, or the one with this id"
_EXTEND: Final = "ask for more time, like 15m: the operator grants what the class allows"


def _add_record(verbs: "Verbs[Parser]") -> None:
    record = add(
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


def _add_run(verbs: "Verbs[Parser]") -> None:
    run = add(verbs, "run", "be PID 1 of a toolbox", f"{PROGRAM} run")
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
    limits = {
        "session-size": ("the largest recording of a session, which then ends", Limits.size),
        "burst": ("what a session may write at once before its rate counts", Limits.burst),
        "rate": ("bytes a second that a flood is recorded with", Limits.rate),
        "floor": ("free space of the volume below which floods are left out", Limits.floor),
    }
    for option, (sentence, size) in limits.items():
        run.add_argument(
            f"--{option}",
            type=_size,
            default=size,
            metavar="SIZE",
            help=f"{sentence} (default: {contract.format_size(size)})",
        )

    run.add_argument(
        "--cgroup", type=Path, default=cgroup.FOLDER, metavar="FOLDER",
        help="tells the container's memory, near whose limit the largest session ends (default: %(default)s)",
    )  # fmt: skip
    watched = " ".join(f"{folder}={contract.format_size(size)}" for folder, size in DEFAULT_FOLDERS)
    run.add_argument(
        "--limit", type=_folder, action="append", metavar="FOLDER=SIZE",
        help=f"a folder near whose limit the largest writer ends; may be repeated (default: {watched})",
    )  # fmt: skip


def _folder(text: str) -> tuple[Path, int]:
    folder, _, size = text.rpartition("=")
    if not folder or not _size(size):
        raise argparse.ArgumentTypeError(f"{text!r} is no limit: write it like /tmp=512Mi")
    return Path(folder), _size(size)


def _size(text: str) -> int:
    try:
        return contract.parse_size(text)
    except contract.SizeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
