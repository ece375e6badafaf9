"""Whether a cast is one that our recorder could have written, line by line; pure.

The rules are those of docs/recording-format.md, which are what all known players take, narrowed by what
the recorder promises. Called by `verify`.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from troubleshooter_agent import asciicast
from troubleshooter_agent.asciicast import (
    ENDED_PREFIX,
    STARTED,
    Event,
    NotACastError,
    parse_event,
    parse_header,
)
from troubleshooter_agent.lines import resized

_LARGEST: Final = 65_535
_LINE_ENDS: Final = tuple(end.encode() for end in ("\x85", "\u2028", "\u2029"))


class Audit:
    """Takes the lines of a cast in their order, and keeps the first fault."""

    def __init__(self) -> None:
        self.fault = ""  # a sentence that names the line, empty as long as all is well
        self._lines = 0
        self._last = 0.0
        self._exact: bytes | None = None  # of the `o` that must follow
        self._is_ended = False

    def take(self, line: bytes) -> None:
        """The next line, with its newline."""
        self._lines += 1
        if not self.fault and (fault := self._fault(line)):
            self.fault = f"line {self._lines}: {fault}"

    def finish(self, *, is_running: bool = False) -> str:
        """The first fault of the whole, empty if there is none."""
        if not self.fault and not is_running and not self._is_ended:
            self.fault = f"it has no end: its last line is no `{ENDED_PREFIX}`"
        return self.fault

    def _fault(self, line: bytes) -> str:
        if not line.endswith(b"\n"):
            return "it is torn"
        if self._is_ended:
            return "it comes after the end of the session"
        if any(end in line for end in _LINE_ENDS):
            return "some readers would see two lines in it"
        try:
            return (
                _header_fault(parse_header(line))
                if self._lines == 1
                else self._event_fault(parse_event(line))
            )
        except NotACastError as error:
            return str(error)

    def _event_fault(self, event: Event) -> str:
        exact, self._exact = self._exact, None
        if event.time < self._last:
            return f"its time {event.time:g} is before {self._last:g}"
        self._last = event.time
        if self._lines == 2 and (event.code, event.text) != (asciicast.MARKER, STARTED):
            return f"it is not the marker `{STARTED}`"
        if event.code == asciicast.RESIZE and not _is_size(event.text):
            return f"{event.text!r} is no size"
        if event.code == asciicast.BYTES:
            return self._take_bytes(event.text)
        if (
            event.code == asciicast.OUTPUT
            and exact is not None
            and exact.decode(errors="replace") != event.text
        ):
            return "its text is not that of the bytes before it"
        self._is_ended = event.code == asciicast.MARKER and event.text.startswith(ENDED_PREFIX)
        return ""

    def _take_bytes(self, text: str) -> str:
        try:
            self._exact = base64.b64decode(text, validate=True)
        except binascii.Error:
            return "its bytes are no base64"
        return ""


def _header_fault(header: Mapping[str, Any]) -> str:
    for name in ("width", "height"):
        value = header.get(name)
        if not isinstance(value, int) or not 1 <= value <= _LARGEST:
            return f"its {name} is not 1 to {_LARGEST}"
    if not isinstance(header.get("timestamp", 0), int):
        return "its timestamp is no integer"
    variables = header.get("env", {})
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        return "its env is not made of strings"
    return ""


def _is_size(text: str) -> bool:
    size = resized(text)
    return size is not None and f"{size[0]}x{size[1]}" == text
