"""What a cast that ended too early is worth: which bytes to keep, and what to add; pure.

A kill cuts a write between two pages, so the last line may be torn, and no player opens a torn line.
PID 1 applies the result to the file, the next agent on the volume does the same for files that a lost
node left behind, and readers apply it to a copy.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent.asciicast import (
    DEFAULT_SIZE,
    ENDED_PREFIX,
    MARKER,
    Event,
    NotACastError,
    marker_line,
    parse_event,
    parse_header,
    valid_size,
)

TAIL_BYTES: Final = 4 << 20  # read at a time, from the end on
_LONGEST_LINE: Final = 1 << 20  # more than the recorder ever writes in one line
# For a file of which not even the header is whole; version and size are all that every player wants.
_BARE_HEADER: Final = b'{"version":2,"width":%d,"height":%d}\n' % DEFAULT_SIZE


Read = Callable[[int, int], bytes]  # offset and length to bytes, as of os.pread


@dataclass(frozen=True)
class Repair:
    """Of a file of `size` bytes keep the first `keep`, then append `append`.

    `last` is the last whole event, None if there is none.
    """

    size: int
    keep: int
    append: bytes
    last: Event | None

    @property
    def said(self) -> str | None:
        """Why the session ended, if the file tells that already."""
        return _said(self.last)

    @property
    def is_needed(self) -> bool:
        return self.keep < self.size or bool(self.append)


def examine(cast: bytes, reason: str) -> Repair:
    """How to mend a whole file, whose end is told as `reason`."""
    return examine_file(lambda offset, length: cast[offset : offset + length], len(cast), reason)


def examine_file(read: Read, size: int, reason: str) -> Repair:
    """How to mend a file of `size` bytes; only its end is read, and more the more of it is torn."""
    end = size
    while True:
        start = max(0, end - TAIL_BYTES)
        found = _last_whole(read(start, end - start))
        if found is not None:
            return _after(found, start, size, reason)
        if start == 0:
            return Repair(size, 0, _BARE_HEADER + _marker(None, reason), None)
        end = start + _LONGEST_LINE  # a line may lie across the border


@dataclass(frozen=True)
class _Line:
    """A whole line; `event` is None for the header, `end` is where it ends in what was examined."""

    event: Event | None
    end: int
    has_newline: bool


def _last_whole(tail: bytes) -> _Line | None:
    end = len(tail)
    while end > 0:
        start = tail.rfind(b"\n", 0, end - 1) + 1
        line = tail[start:end]
        if (whole := _whole(line, end)) is not None:
            return whole
        end = start
    return None


def _whole(line: bytes, end: int) -> _Line | None:
    has_newline = line.endswith(b"\n")
    with suppress(NotACastError):
        return _Line(parse_event(line), end, has_newline)
    with suppress(NotACastError):
        if _has_size(parse_header(line)):
            return _Line(None, end, has_newline)
    return None


def _has_size(header: dict[str, Any]) -> bool:
    """Whether players find the size that they want; a header without it came from nobody's recorder."""
    sizes = (header.get("width"), header.get("height"))
    return all(type(size) is int and valid_size(size, size) == (size, size) for size in sizes)


def _after(line: _Line, start: int, size: int, reason: str) -> Repair:
    last = line.event
    newline = b"" if line.has_newline else b"\n"
    append = newline if _said(last) is not None else newline + _marker(last, reason)
    return Repair(size, start + line.end, append, last)


def _said(last: Event | None) -> str | None:
    if last is None or last.code != MARKER or not last.text.startswith(ENDED_PREFIX):
        return None
    return last.text.removeprefix(ENDED_PREFIX).removeprefix(": ")


def _marker(last: Event | None, reason: str) -> bytes:
    return marker_line(last.time if last else 0.0, f"{ENDED_PREFIX}: {reason}")
