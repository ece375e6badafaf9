"""The command line: from words to a command; parsing touches nothing.

shell [--user=NAME] [-c COMMAND | -- COMMAND ARG...]    open a recorded session in this toolbox
shell [--user=NAME] attach [--view] [ID]                go on with an open session, or look on
shell [--user=NAME] extend TIME                         ask for more time
record [-o FILE] [-- COMMAND ARG...]                    record a session of this machine
list, cat, play, verify, follow, search, export         read recordings
repair                                                  mend what a lost node left
run                                                     be PID 1 of a toolbox
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from troubleshooter_agent import client
from troubleshooter_agent.client import Wish
from troubleshooter_agent.commands import (
    PROGRAM,
    SOCKET,
    AttachTo,
    Command,
    Export,
    ExportFile,
    ExportManifest,
    ExtendBy,
    NotedReading,
    Reading,
    Record,
    Repair,
    Run,
    Search,
    Shell,
)
from troubleshooter_agent.contract import DurationError, parse_duration
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.pace import Pace
from troubleshooter_agent.request import LONGEST_EXTENSION, LONGEST_USER, is_id, is_too_long, shell_argv

READINGS: Final = ("list", "cat", "play", "verify", "follow", "search", "export")


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, and tell what went wrong in one sentence."""
    return client.told(lambda: parse(sys.argv[1:] if argv is None else argv).run())


def parse(argv: Sequence[str]) -> Command:
    """The command that a command line asks for."""
    if argv and argv[0] == "shell":
        return parse_shell(argv[1:])
    options = _parsed(argv)
    make = {"record": _record, "run": _run, "repair": _repair, "search": _search, "export": _export}
    return make.get(options.verb, _reading)(options)


def _record(options: Any) -> Command:
    return Record(options.output, tuple(options.command))


def _repair(options: Any) -> Command:
    return Repair(options.id, options.recordings)


def _reading(options: Any) -> Command:
    return Reading(
        options.verb,
        getattr(options, "id", ""),
        options.recordings,
        raw=getattr(options, "raw", False),
        chain=getattr(options, "chain", ""),
        as_json=getattr(options, "as_json", False),
        pace=Pace(
            getattr(options, "speed", 1.0), getattr(options, "idle_limit", None), getattr(options, "at", 0.0)
        ),
    )


def _search(options: Any) -> Command:
    return Search(options.text, tuple(options.ids), options.recordings, options.ignore_case, options.as_json)


def _export(options: Any) -> Command:
    """Exactly one of the three kinds of export."""
    ids, form = tuple(options.ids), options.form
    if options.file:
        if ids or options.manifest or form:
            raise UsageError("--file goes with --from alone", "write: export --file FILE [--from BYTES]")
        return ExportFile(options.file, options.start, options.recordings)
    if options.manifest:
        if form:
            raise UsageError("--manifest and --as do not go together", "write: export --manifest [ID...]")
        return ExportManifest(ids, options.recordings)
    if len(ids) != 1:
        raise UsageError("export wants one ID, --manifest or --file", "write: export ID [--as cast|txt]")
    return Export(ids[0], form or "cast", options.recordings)


def _parsed(argv: Sequence[str]) -> Any:
    """By argparse, which `shell` does without: it is started for every session, and is to be quick."""
    from troubleshooter_agent.options import build_parser  # noqa: PLC0415 - as said

    return build_parser().parse_args(argv)


def _run(options: Any) -> Run:
    from troubleshooter_agent.limits import Limits  # noqa: PLC0415 - as above
    from troubleshooter_agent.options import DEFAULT_FOLDERS  # noqa: PLC0415 - as above

    return Run(
        options.recordings, options.annotations, options.run_folder, options.termination_log,
        options.socket, options.host, options.port,
        Limits(options.session_size, options.burst, options.rate, options.floor),
        options.cgroup, dict(options.limit or DEFAULT_FOLDERS),
    )  # fmt: skip


def parse_shell(argv: Sequence[str]) -> Command:
    """`shell` has a parser of its own: what follows -c or -- belongs to somebody else's command line."""
    address = os.environ.get("TROUBLESHOOTER_SOCKET", SOCKET)
    wish, rest = with_user(Wish(), argv)
    match rest:
        case []:
            return Shell(wish, None, address)
        case ["-h" | "--help"]:
            _parsed(["shell", "--help"])
        case ["-c", command]:
            return Shell(wish, command, address)
        case ["-c", command, *arguments]:
            words = (*shell_argv(os.environ, command), *arguments)
            return Shell(Wish(words, wish.user), None, address)
        case ["--", *words] if words:
            wish = Wish(tuple(words), wish.user)
            return _command(wish, words, address)
        case ["attach", *words]:
            return parse_attach(words, wish.user, address)
        case ["extend", *words]:
            return parse_extend(words, wish.user, address)
    raise UsageError(
        f"shell takes no {rest[0]!r}",
        "write: shell [--user=NAME] [-c COMMAND | -- COMMAND ARG... | attach [--view] [ID] | extend TIME]",
    )


def _command(wish: Wish, words: Sequence[str], address: str) -> Command:
    return NotedReading(wish, parse(words[1:]), address) if is_reading(words) else Shell(wish, None, address)


def parse_attach(words: Sequence[str], user: str, address: str) -> Command:
    """`shell attach`: whose session, and whether only to look on."""
    match words:
        case ["--view", *rest]:
            view = True
        case rest:
            view = False
    match rest:
        case []:
            return AttachTo("", user, view, address)
        case [session_id] if is_id(session_id):
            return AttachTo(session_id, user, view, address)
    raise UsageError(
        f"{' '.join(rest)!r} is no id of a session",
        "an id is 8 of a-z and 0-9; write: shell attach [--view] [ID]",
    )


def parse_extend(words: Sequence[str], user: str, address: str) -> Command:
    """`shell extend`: how much longer."""
    text = " ".join(words)
    try:
        seconds = parse_duration(text)
    except DurationError:
        seconds = 0
    if 0 < seconds <= LONGEST_EXTENSION:
        return ExtendBy(seconds, user, address)
    raise UsageError(f"{text!r} is no time to extend by", "write it like: shell extend 15m")


def with_user(wish: Wish, arguments: Sequence[str]) -> tuple[Wish, list[str]]:
    """Take `--user=NAME` from the front of the arguments; anywhere else it is an argument, no identity."""
    prefix = "--user="
    if not arguments or not arguments[0].startswith(prefix):
        return wish, list(arguments)
    user = os.fsencode(arguments[0].removeprefix(prefix)).decode(errors="replace")
    if is_too_long(user):
        raise UsageError(f"--user={user[:20]}... is too long", f"a name has at most {LONGEST_USER} bytes")
    return replace(wish, user=user), list(arguments[1:])


def is_reading(argv: Sequence[str]) -> bool:
    """Whether a command only reads recordings, and so is not recorded itself; nothing else qualifies."""
    return len(argv) > 1 and argv[0] == PROGRAM and argv[1] in READINGS
