"""The table of recordings: what is known of each, and how it is shown; nothing is opened here twice.

A summary tells most; a session that runs, or whose toolbox was lost, has only its cast. All of it is
text from a volume that strangers could write, so what is not printable is shown escaped.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from troubleshooter_agent.contract import format_duration
from troubleshooter_agent.glance import header_of, last_event, seconds_between, summary_of, user_of
from troubleshooter_agent.volume import Found, ReadingError, is_running

TITLES: Final = ("ID", "STARTED", "USER", "LENGTH", "EXIT", "BYTES", "FILE")
RUNNING: Final = "running"
UNKNOWN: Final = "-"


@dataclass(frozen=True)
class Row:
    """One recording as the table shows it."""

    id: str
    started_at: str
    user: str
    length: str
    exit: str
    bytes: str
    file: str

    @property
    def cells(self) -> tuple[str, ...]:
        cells = (self.id, self.started_at, self.user, self.length, self.exit, self.bytes, self.file)
        return tuple(printable(cell) or UNKNOWN for cell in cells)


def row_of(found: Found) -> Row:
    """What is known of a recording; it is in the list even if it cannot be read."""
    try:
        with found.open() as cast:
            return _from_summary(found) or _from_cast(found, cast)
    except ReadingError:
        return Row(found.id, found.started_at, "", "", "unreadable", "", str(found.file))


def table(rows: Sequence[Row]) -> str:
    """The rows under their titles, the newest last."""
    ordered = sorted(rows, key=lambda row: (row.started_at, row.id))
    cells = [TITLES, *(row.cells for row in ordered)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def printable(text: str) -> str:
    """Text for one cell: what is not printable is written as an escape, what is long is cut."""
    escaped = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
    return escaped if len(escaped) <= 200 else f"{escaped[:199]}…"


def _from_summary(found: Found) -> Row | None:
    match summary_of(found):
        case {
            "user": str() as user,
            "startedAt": str() as started,
            "endedAt": str() as ended,
            "exitCode": int() | None as code,
            "bytes": int() as length,
        }:
            status = UNKNOWN if code is None else str(code)
            return Row(
                found.id,
                found.started_at,
                user,
                _length(seconds_between(started, ended)),
                status,
                str(length),
                str(found.file),
            )
    return None


def _from_cast(found: Found, cast: BinaryIO) -> Row:
    size = os.fstat(cast.fileno()).st_size
    last = last_event(cast, size)
    return Row(
        found.id,
        found.started_at,
        user_of(header_of(cast)),
        _length(last.time if last else None),
        RUNNING if is_running(cast) else UNKNOWN,
        str(size),
        str(found.file),
    )


def _length(seconds: float | None) -> str:
    return "" if seconds is None else format_duration(seconds)
