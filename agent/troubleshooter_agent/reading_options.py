"""What --help shows of the commands on recordings; used by `options`."""

import argparse
from pathlib import Path
from typing import Final

from troubleshooter_agent import contract
from troubleshooter_agent.commands import PROGRAM
from troubleshooter_agent.contract import DurationError, parse_duration
from troubleshooter_agent.parser import Parser, Verbs, add

EXPORT_FORMS: Final = ("cast", "txt")


def add_readings(verbs: "Verbs[Parser]") -> None:
    """The commands on recordings: of one, or of all where the ID may be left out."""
    listing = _add_reading(verbs, "list", "list the recordings on the volume")
    _add_json(listing)
    cat = _add_reading(verbs, "cat", "print what a recorded terminal showed: text and what paints it", "ID")
    cat.add_argument(
        "--raw", action="store_true", help="the exact bytes instead; they can do anything to your terminal"
    )
    play = _add_reading(verbs, "play", "replay a recording in this terminal, with asciinema", "ID")
    _add_pace(play)
    _add_reading(verbs, "follow", "show a running session from its present screen on; Ctrl-C leaves", "ID")
    verify = _add_reading(
        verbs, "verify", "check recordings against their summaries, index and chain hash", "[ID]"
    )
    verify.add_argument(
        "--chain",
        default="",
        metavar="HASH",
        help="a run's chain hash from the resource's status, to compare",
    )
    _add_json(verify)
    _add_search(verbs)
    _add_export(verbs)
    _add_reading(verbs, "repair", "mend recordings that a lost node or a kill has torn", "[ID]")


def _add_json(reading: Parser) -> None:
    reading.add_argument("--json", dest="as_json", action="store_true", help="one JSON object a line")


def _add_pace(play: Parser) -> None:
    play.add_argument(
        "--speed", type=_positive, default=1.0, metavar="TIMES", help="so many times faster (default: 1)"
    )
    play.add_argument(
        "--idle-limit",
        type=_positive,
        default=None,
        metavar="SECONDS",
        help="no pause is longer (default: as recorded)",
    )
    play.add_argument(
        "--at",
        type=_moment,
        default=0.0,
        metavar="TIME",
        help="begin there: in seconds, or like 1h2m3s (default: 0)",
    )


def _add_search(verbs: "Verbs[Parser]") -> None:
    search = _add_reading(
        verbs, "search", "find the lines that recorded terminals showed; 1 if there is none", "TEXT"
    )
    search.add_argument("text", metavar="TEXT", help="what to look for: a text within a line, no pattern")
    search.add_argument("ids", nargs="*", metavar="ID", help="in these recordings alone (default: in all)")
    search.add_argument("-i", "--ignore-case", action="store_true", help="capital letters or not")
    _add_json(search)


def _add_export(verbs: "Verbs[Parser]") -> None:
    export = _add_reading(
        verbs, "export", "print a recording in another form, or its files to be copied", "IDS"
    )
    export.add_argument("ids", nargs="*", metavar="ID", help="the recording's id, or the path of a cast")
    export.add_argument(
        "--as", dest="form", choices=EXPORT_FORMS, default="",
        help="a cast, mended where it is torn, or plain text (default: cast)",
    )  # fmt: skip
    export.add_argument(
        "--manifest",
        action="store_true",
        help="the files worth copying, of the IDs or of all: one JSON object a line",
    )
    export.add_argument("--file", default="", metavar="FILE", help="the bytes of one file of the manifest")
    export.add_argument(
        "--from",
        dest="start",
        type=_offset,
        default=0,
        metavar="BYTES",
        help="with --file: from this byte on (default: 0)",
    )


_EXAMPLES: Final = {
    "": "",
    "ID": " 3f9k2m1x",
    "[ID]": " 3f9k2m1x",
    "IDS": " 3f9k2m1x",
    "TEXT": " 'connection refused'",
}


def _add_reading(verbs: "Verbs[Parser]", verb: str, sentence: str, which: str = "") -> Parser:
    """`which` is how the recording is named: ID, [ID] or not at all; IDS and TEXT see to that themselves."""
    reading = add(verbs, verb, sentence, f"{PROGRAM} {verb}{_EXAMPLES[which]}")
    reading.add_argument(
        "--recordings", type=Path, default=Path(contract.RECORDINGS_DIR), metavar="FOLDER",
        help="where the recordings are (default: %(default)s)",
    )  # fmt: skip
    if which == "ID":
        reading.add_argument("id", metavar="ID", help="the recording's id, or the path of a cast")
    elif which == "[ID]":
        reading.add_argument(
            "id", metavar="ID", nargs="?", default="", help="its id, or the path of a cast (default: all)"
        )
    return reading


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 0 < value < 1e6:
        return value
    raise argparse.ArgumentTypeError(f"{text!r} is no number above 0: write it like 2 or 0.5")


def _moment(text: str) -> float:
    """Seconds."""
    try:
        return float(text) if text.replace(".", "", 1).isdecimal() else float(parse_duration(text))
    except DurationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _offset(text: str) -> int:
    if text.isdecimal() and len(text) < 20:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes: write it like 65536")
