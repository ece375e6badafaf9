"""What a cast that ended too early is worth: which bytes to keep, and the marker to add; pure.

A kill cuts a write between two pages, so the last line may be torn, and no player opens a torn line.
PID 1 applies the result to the file, the next agent on the volume does the same for files that a lost
node left behind, and readers apply it to a copy.
"""

from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.asciicast import (
    ENDED_PREFIX,
    MARKER,
    Event,
    NotACastError,
    marker_line,
    parse_event,
    parse_header,
)

TAIL_BYTES: Final = 4 << 20  # what to read of the end: more than the longest line that the recorder writes


@dataclass(frozen=True)
class Repair:
    """Keep `keep` bytes of what was examined, then append `append`; `last` is the last whole event."""

    keep: int
    append: bytes
    last: Event | None

    @property
    def is_needed(self) -> bool:
        return bool(self.append)


def examine(tail: bytes, reason: str) -> Repair:
    """How to mend a cast that ends in `tail`, whose end is told as `reason`.

    `tail` is the whole file or its last TAIL_BYTES. Keep is 0 when nothing in it is whole.
    """
    end = len(tail)
    while end > 0:
        start = tail.rfind(b"\n", 0, end - 1) + 1
        whole = _whole(tail[start:end])
        if whole is not None:
            return _after(tail, end, whole.event, reason)
        end = start
    return Repair(0, b"", None)


@dataclass(frozen=True)
class _Line:
    event: Event | None  # None: the header


def _whole(line: bytes) -> _Line | None:
    try:
        return _Line(parse_event(line))
    except NotACastError:
        pass
    try:
        parse_header(line)
    except NotACastError:
        return None
    return _Line(None)


def _after(tail: bytes, end: int, last: Event | None, reason: str) -> Repair:
    newline = b"" if tail[end - 1 : end] == b"\n" else b"\n"
    said = last is not None and last.code == MARKER and last.text.startswith(ENDED_PREFIX)
    if said and end == len(tail) and not newline:
        return Repair(end, b"", last)
    marker = b"" if said else marker_line(last.time if last else 0.0, f"{ENDED_PREFIX}: {reason}")
    return Repair(end, newline + marker, last)
