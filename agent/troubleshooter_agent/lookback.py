"""What was in force at a point of a long cast, found by searching backwards instead of reading it all.

Called by `snapshot`. It looks for the exact bytes that our recorder writes, 100 MB in a few tenths of a
second. A sequence that the recorder cut between two events is not found; of other modes than private ones
and of the style in force nothing is known.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from troubleshooter_agent.asciicast import RESIZE, NotACastError, parse_event
from troubleshooter_agent.lines import resized

_CHUNK: Final = 1 << 20
_OVERLAP: Final = 64  # more than one match
_RESIZE: Final = re.compile(rb'\n(\[[0-9.eE+-]{1,32}, ?"r", ?"[0-9]{1,5}x[0-9]{1,5}"\]\n)')
_SEQUENCES: Final = re.compile(rb"\\u001b\[(?:\?([0-9;]{1,32})([hl])|([0-9;]{0,11})r|2(J))")
ALTERNATE: Final = frozenset({47, 1047, 1049})


@dataclass
class Before:
    """What was found before a point; offsets are bytes from the beginning of the file."""

    size: tuple[int, int] | None = None  # columns and rows, None if they never changed
    modes: dict[int, bool] = field(default_factory=dict)  # private ones
    margins: str | None = None  # parameters of DECSTBM
    switched_at: int | None = None  # to or from the alternate screen
    cleared_at: int | None = None  # the whole screen

    @property
    def alternate(self) -> int:
        """The mode by which the alternate screen is shown, 0 if it is not."""
        return next((mode for mode in ALTERNATE if self.modes.get(mode)), 0)


def look_back(cast: BinaryIO, first: int, point: int) -> Before:
    """What was in force at `point`; `first` is where the events begin."""
    before = Before()
    for at, chunk in _backwards(cast, first, point):
        if before.size is None:
            before.size = _last_size(chunk)
        for match in reversed(list(_SEQUENCES.finditer(chunk))):
            if not _is_text(chunk, match.start()):
                _remember(before, match, at + match.start())
    return before


def _backwards(cast: BinaryIO, first: int, point: int) -> Iterator[tuple[int, bytes]]:
    """Offsets and pieces, the last one first; each goes on a little into the one after it."""
    end = point
    while end > first:
        start = max(first - 1, end - _CHUNK)  # with the newline before the first event
        cast.seek(start, os.SEEK_SET)
        yield start, cast.read(min(point, end + _OVERLAP) - start)
        end = start


def _last_size(chunk: bytes) -> tuple[int, int] | None:
    end = len(chunk)
    while (start := chunk.rfind(b'"r"', 0, end)) >= 0:
        line = chunk.rfind(b"\n", 0, start)
        if line >= 0 and (match := _RESIZE.match(chunk, line)) and (size := _size(match.group(1))):
            return size
        end = start
    return None


def _size(line: bytes) -> tuple[int, int] | None:
    try:
        event = parse_event(line)
    except NotACastError:
        return None
    return resized(event.text) if event.code == RESIZE else None


def _is_text(chunk: bytes, at: int) -> bool:
    r"""Whether the program printed \u001b itself, which JSON writes as \\u001b."""
    before = chunk[max(0, at - _OVERLAP) : at]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 1


def _remember(before: Before, match: re.Match[bytes], at: int) -> None:
    """Of what is found going backwards the first counts."""
    modes, how, margins, cleared = match.groups()
    if cleared and before.cleared_at is None:
        before.cleared_at = at
    if margins is not None and before.margins is None:
        before.margins = margins.decode()
    for mode in (int(number) for number in (modes or b"").split(b";") if number):
        if mode in ALTERNATE:
            if before.switched_at is not None:
                continue
            before.switched_at = at
        before.modes.setdefault(mode, how == b"h")
