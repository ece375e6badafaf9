"""The readings `list` and `cat`, and the note that each reading leaves.

They are not recorded and change no recording. What they read was written by whoever had a shell, so
every line is parsed before it counts, in constant memory, and nothing but an ordinary file is opened.
"""

import base64
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO

import orjson

from troubleshooter_agent import asciicast
from troubleshooter_agent.asciicast import Event, sayable
from troubleshooter_agent.contract import format_time
from troubleshooter_agent.lines import Lines
from troubleshooter_agent.listing import row_of, table
from troubleshooter_agent.neutral import Neutral
from troubleshooter_agent.pipes import reader_may_leave
from troubleshooter_agent.volume import open_recording, walk

ACCESS_LOG: Final = "access.jsonl"


def list_recordings(root: Path, out: TextIO) -> int:
    """Print a table of all recordings, the newest last."""
    rows = [row_of(found) for found in walk(root)]
    with reader_may_leave(out):
        out.write(table(rows))
    return 0


def cat(root: Path, wanted: str, out: BinaryIO, *, raw: bool = False) -> int:
    """Print what the recorded terminal showed, neutralised.

    `raw` gives the exact bytes instead, also what was not UTF-8: whatever they do to a terminal.
    ReadingError at the end if a line amid the others was damaged: what is whole has been printed then.
    """
    with open_recording(root, wanted) as cast, reader_may_leave(out):
        lines = Lines(cast, wanted)
        out.writelines(_raw(lines.events()) if raw else _text(lines.events()))
        out.flush()
        lines.complain()
    return 0


def note_reading(folder: Path, user: str, argv: Sequence[str], now: float) -> None:
    """Leave a line that says who asked for which reading, at `now` in seconds since the epoch.

    A volume that cannot be written must still be readable, so then the line goes to stderr alone.
    """
    line = orjson.dumps({"at": format_time(now), "user": sayable(user), "argv": [*map(sayable, argv)]})
    try:
        _append(folder, line + b"\n")
    except OSError as error:
        sys.stderr.write(f"this reading could not be noted in {ACCESS_LOG}: {error.strerror}\n")


def _text(events: Iterator[Event]) -> Iterator[bytes]:
    stream = Neutral()
    for event in events:
        if event.code == asciicast.OUTPUT:
            yield stream.feed(event.text).encode()
    yield stream.finish().encode()


def _raw(events: Iterator[Event]) -> Iterator[bytes]:
    """The bytes of each output: those of the `b` before it, if there is one."""
    exact: bytes | None = None
    for event in events:
        if event.code == asciicast.BYTES:
            exact = _decoded(event.text)
        elif event.code == asciicast.OUTPUT:
            yield event.text.encode() if exact is None else exact
            exact = None


def _decoded(text: str) -> bytes | None:
    """None for what is no base64: then the text has to do."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _append(folder: Path, line: bytes) -> None:
    folder.mkdir(mode=0o770, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(folder / ACCESS_LOG, flags, 0o660)
    try:
        os.write(fd, line)
    finally:
        os.close(fd)
