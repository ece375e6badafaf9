"""`export`: one recording as a cast, as text or as a picture."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import click

from troubleshooter_cli import options, talk
from troubleshooter_cli.download import Download, Source
from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.kubectl import meaning
from troubleshooter_cli.landing import Landing
from troubleshooter_cli.manifest import Entry, is_safe
from troubleshooter_cli.pictures import PROGRAMS, draw, program_for
from troubleshooter_cli.readings import Readings
from troubleshooter_cli.recordings import Recording
from troubleshooter_cli.selection import selection, session_argument
from troubleshooter_cli.sources import Sources

FORMS = ("cast", "txt", *PROGRAMS)
STDOUT = "-"


@options.command("export", "export web/last --as txt -o web.txt")
@session_argument()
@click.option(
    "--as", "form", type=click.Choice(FORMS), default="cast", show_default=True,
    help="asciicast v2, plain text, or a picture that moves, drawn by a program that is installed here.",
)  # fmt: skip
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="",
    help="Where to (default: stdout; a picture: ID.gif or ID.svg).",
)
@selection
def command(sources: Sources, *, session: str, form: str, output: str) -> int:
    """Write one recording as a file that other programs read.

    SESSION is an id, how an id begins, NAME/last or NAME/ID (NAME being the toolbox's); without it the
    latest. A cast that was torn is mended in the copy. To copy recordings as they are, with their hashes:
    save.
    """
    program = program_for(form) if form in PROGRAMS else None  # before anything is started for it
    _check(Path(output) if output else None)
    shelf, found = sources.find(session)
    readings = sources.open(shelf)
    if output in {"", STDOUT} and program is None:
        _copy(readings, found.id, form, sys.stdout.buffer)
        return 0
    target = Path(output or f"{found.id}.{form}")
    _check(target)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as folder:
        made = _made(readings, found, "cast" if program else form, Path(folder))
        if program:
            cast, made = made, Path(folder) / target.name
            draw(program, cast, made)
        os.link(made, target)  # unlike a rename, it takes no other file's place
    talk.say(f"{target}")
    return 0


def _made(readings: Readings, found: Recording, form: str, folder: Path) -> Path:
    """The recording in that form; a cast whose hash is known is believed only with that."""
    entry = Entry(found.file, found.bytes, found.sha256, id=found.id)
    if form == "cast" and entry.sha256 and is_safe(entry.file):
        Download(Source(readings, lambda: readings), Landing(folder)).fetch(entry)
        return folder / entry.file
    made = folder / f"{found.id}.{form}"
    with made.open("wb") as file:
        _copy(readings, found.id, form, file)
    return made


def _check(target: Path | None) -> None:
    if target is None or str(target) == STDOUT:
        return
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already", "name another with -o, or move it away")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", "make it, or name another with -o")


def _copy(readings: Readings, session_id: str, form: str, out: BinaryIO) -> None:
    with readings.kubectl.stream(readings.words("export", session_id, "--as", form)) as answer:
        shutil.copyfileobj(answer.stdout, out)
    out.flush()
    if answer.status:
        raise meaning(answer)
