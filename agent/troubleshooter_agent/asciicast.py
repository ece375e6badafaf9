"""Asciicast v2: a header and events to lines, and lines back; pure, with no clock and no file.

The recorder writes with `Encoder`; readers and `repair` use the parsing half. The rules follow the
asciicast v2 specification, narrowed to what asciinema 2 and 3 and the browser player all open:
exactly three elements, times that never decrease, sizes of 1 to 65,535, no lone surrogates.
"""

import base64
import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

OUTPUT: Final = "o"
RESIZE: Final = "r"
MARKER: Final = "m"
BYTES: Final = "b"  # ours: base64 of the raw bytes of the `o` that follows, when they were not UTF-8

STARTED: Final = "recording started"
ENDED_PREFIX: Final = "session ended"
DEFAULT_SIZE: Final = (80, 24)
_LARGEST: Final = 65_535

# JSON leaves these raw, but readers that split at Unicode line ends then see two lines. The first byte of
# each is looked for by itself, which is ten times faster and nearly always says no.
_LINE_ENDS: Final = (
    (0xC2, "\x85".encode(), b"\\u0085"),
    (0xE2, "\u2028".encode(), b"\\u2028"),
    (0xE2, "\u2029".encode(), b"\\u2029"),
)


class NotACastError(ValueError):
    """A line that is no header or no event of an asciicast v2."""


@dataclass(frozen=True)
class Event:
    """One event: seconds since the start, its code, and its text."""

    time: float
    code: str
    text: str


def valid_size(columns: int, rows: int) -> tuple[int, int]:
    """A size that every player takes: 0 becomes 80x24, the rest is kept within 1 to 65,535."""
    return (
        min(columns, _LARGEST) if columns > 0 else DEFAULT_SIZE[0],
        min(rows, _LARGEST) if rows > 0 else DEFAULT_SIZE[1],
    )


def header_line(
    *,
    size: tuple[int, int],
    timestamp: float,
    title: str,
    env: Mapping[str, str],
    session: Mapping[str, Any],
) -> bytes:
    """The first line; `session` stands under the key `troubleshooter`, which players ignore."""
    width, height = valid_size(*size)
    header: dict[str, Any] = {"version": 2, "width": width, "height": height, "timestamp": int(timestamp)}
    if title:
        header["title"] = title
    return _line({**header, "env": dict(env), "troubleshooter": dict(session)})


def parse_header(line: bytes) -> dict[str, Any]:
    """The header as a dictionary; NotACastError if the line is none."""
    header = _parse(line)
    if not isinstance(header, dict) or header.get("version") != 2:
        raise NotACastError("not a cast: the first line is no asciicast v2 header")
    return header


def parse_event(line: bytes) -> Event:
    """The event on a line; NotACastError if it is torn or none."""
    match _parse(line):
        case [int() | float() as time, str() as code, str() as text] if not isinstance(time, bool):
            return Event(float(time), code, text)
    raise NotACastError("not an event of a cast")


def marker_line(time: float, text: str) -> bytes:
    """A marker as a line, for those who append to a cast that another process began."""
    return _line([round(time, 6), MARKER, text])


@dataclass
class Encoder:
    """Turns what a terminal prints into lines; times are seconds since `start` on the same clock."""

    start: float
    last: float = 0.0
    held: bytes = field(default=b"")

    def output(self, now: float, data: bytes) -> tuple[bytes, bytes]:
        """Lines to write, and the bytes to relay once they are written.

        A character cut at the end of `data` is held back from both until its other bytes come or
        `flush` is called: what a person has seen is in the file, and the file has whole characters.
        """
        data = self.held + data
        text, used, faithful = _decode(data)
        self.held = data[used:]
        return self._output_lines(now, data[:used], text, faithful=faithful), data[:used]

    def flush(self, now: float) -> tuple[bytes, bytes]:
        """The held bytes as they are: the other half of the character did not come."""
        data, self.held = self.held, b""
        return self._output_lines(now, data, data.decode(errors="replace"), faithful=False), data

    def resize(self, now: float, columns: int, rows: int) -> bytes:
        """A resize event; empty when the terminal has no size, which players cannot take."""
        if columns <= 0 or rows <= 0:
            return b""
        width, height = valid_size(columns, rows)
        return self._event(now, RESIZE, f"{width}x{height}")

    def marker(self, now: float, text: str) -> bytes:
        """A marker event."""
        return self._event(now, MARKER, text)

    def _output_lines(self, now: float, data: bytes, text: str, *, faithful: bool) -> bytes:
        if not data:
            return b""
        raw = b"" if faithful else self._event(now, BYTES, base64.b64encode(data).decode())
        return raw + self._event(now, OUTPUT, text)

    def _event(self, now: float, code: str, text: str) -> bytes:
        self.last = max(self.last, round(now - self.start, 6))
        return _line([self.last, code, text])


def _decode(data: bytes) -> tuple[str, int, bool]:
    """Text, how many bytes it took, and whether the text says all that the bytes said."""
    try:
        text, used = codecs.utf_8_decode(data, "strict", False)  # noqa: FBT003 - positional only in codecs
    except UnicodeDecodeError:
        text, used = codecs.utf_8_decode(data, "replace", False)  # noqa: FBT003 - as above
        return text, used, False
    return text, used, True


def _line(value: Any) -> bytes:
    try:
        line = orjson.dumps(value)
    except TypeError:  # a lone surrogate: an argument of a command line that was not UTF-8
        line = orjson.dumps(_without_surrogates(value))
    for first, raw, escaped in _LINE_ENDS:
        if first in line and raw in line:
            line = line.replace(raw, escaped)
    return line + b"\n"


def sayable(text: str) -> str:
    """What JSON can say: arguments and file names that are not UTF-8 come with lone surrogates."""
    return text.encode(errors="replace").decode()


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return sayable(value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _parse(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise NotACastError("not a line of a cast") from error
