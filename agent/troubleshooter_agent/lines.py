"""A cast line by line, for the readings: strangers wrote it, so no line counts before it was parsed.

Memory is bounded, whatever a line's length. It never seeks, so it takes what goes on being written, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from troubleshooter_agent.asciicast import (
    DEFAULT_SIZE,
    Event,
    NotACastError,
    parse_event,
    parse_header,
    valid_size,
)
from troubleshooter_agent.volume import ReadingError

LONGEST_LINE: Final = 4 << 20  # more than the recorder ever writes


class Lines:
    """The header and the events of a cast; lines that are no events are left out and counted."""

    def __init__(self, cast: BinaryIO, name: str) -> None:
        """Reads the header at once; ReadingError if there is none."""
        self._cast = cast
        self._name = name
        self._damaged = 0
        try:
            self.header: dict[str, Any] = parse_header(read_line(cast))
        except NotACastError as error:
            raise ReadingError(f"cannot read {name}: {error}") from error

    def events(self) -> Iterator[Event]:
        """All that are whole, in their order."""
        torn = 0  # at the end that is no damage: the session runs, or was killed
        while line := read_line(self._cast):
            try:
                event = parse_event(line)
            except NotACastError:
                torn += 1
                continue
            self._damaged, torn = self._damaged + torn, 0
            yield event

    def complain(self) -> None:
        """ReadingError if a line between the others was left out."""
        if self._damaged:
            raise ReadingError(f"damaged lines of {self._name} were left out: {self._damaged}")


def read_line(cast: BinaryIO) -> bytes:
    """The next line, empty at the end; a blank one, which is no event, for one that is too long."""
    line = cast.readline(LONGEST_LINE)
    if len(line) < LONGEST_LINE or line.endswith(b"\n"):
        return line
    while (rest := cast.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
    return b"\n"


def size_of(header: Mapping[str, Any]) -> tuple[int, int]:
    """The columns and rows that a header tells, 80 and 24 where it tells none."""
    match header:
        case {"width": int() as columns, "height": int() as rows}:
            return valid_size(columns, rows)
    return DEFAULT_SIZE


def resized(text: str) -> tuple[int, int] | None:
    """The columns and rows that an `r` event tells, None where it tells none."""
    columns, _, rows = text.partition("x")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (columns, rows)):
        return None
    return valid_size(int(columns), int(rows)) if int(columns) and int(rows) else None
