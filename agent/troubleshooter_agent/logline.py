"""A session as lines of the container's log: one JSON object a line; pure.

Each line is written at once, and a pipe keeps a write whole only up to PIPE_BUF bytes (pipe(7)), so no line
is longer than that. What does not fit goes on in the next line, at a whole character. The lines of a session
in the order of their sequence hold its header and all of its events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from troubleshooter_agent.asciicast import MARKER, OUTPUT, Event
from troubleshooter_agent.plaintext import PlainText

LONGEST: Final = 4096  # bytes, the line end included
HEADER: Final = "h"  # the kind of the lines that hold the cast's header, as JSON
_PIECE: Final = 1024  # characters that are tried first


@dataclass
class LogLines:
    """`facts` tell whose session it is; `started` is seconds since the epoch."""

    facts: Mapping[str, Any]
    started: float
    sequence: int = 0
    plain: PlainText = field(default_factory=PlainText)

    def header(self, header: Mapping[str, Any]) -> Iterator[bytes]:
        yield from self._lines(Event(0.0, HEADER, orjson.dumps(header).decode()))

    def event(self, event: Event) -> Iterator[bytes]:
        yield from self._lines(event)

    def _lines(self, event: Event) -> Iterator[bytes]:
        rest = event.text
        while True:
            line, rest = self._next(event, rest)
            yield line
            if not rest:
                return

    def _next(self, event: Event, rest: str) -> tuple[bytes, str]:
        """The longest line that fits, and what is left for the next one."""
        size = _PIECE
        while True:
            piece, later = rest[:size], rest[size:]
            line = self._line(event, piece, "", is_last=not later)
            # The message is no longer than the piece it is taken from.
            if len(line) + len(orjson.dumps(piece)) <= LONGEST or size == 1:
                break
            size = max(1, size // 2)
        line = self._line(event, piece, self._message(event, piece), is_last=not later)
        self.sequence += 1
        return line, later

    def _message(self, event: Event, piece: str) -> str:
        if event.code == OUTPUT:
            return self.plain.feed(piece)
        return piece if event.code == MARKER else ""

    def _line(self, event: Event, piece: str, message: str, *, is_last: bool) -> bytes:
        told = {
            **self.facts,
            "sequence": self.sequence,
            "time": event.time,
            "kind": event.code,
            "data": piece,
            "last": is_last,
        }
        at = datetime.fromtimestamp(self.started + event.time, UTC).isoformat(timespec="milliseconds")
        line = {"@timestamp": at.replace("+00:00", "Z"), "message": message, "troubleshooter": told}
        return orjson.dumps(line) + b"\n"
