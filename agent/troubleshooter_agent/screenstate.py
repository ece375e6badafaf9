"""What a terminal is in the middle of, told from the output so far; pure, and no emulator.

`announcer` feeds it all that a program prints, so it must cost next to nothing: a few searches a batch,
and a look at the last sequence. An ESC begins anew wherever it stands, in strings too (as in DEC's
VT500 parser), so what the output ends in depends on nothing before the last one.
"""

import codecs
import re
from collections import deque
from dataclasses import dataclass
from typing import Final

LONGEST_LINE: Final = 4096  # bytes; prompt and typed command with all that was edited in them
_LONGEST_SEQUENCE: Final = 64  # kept of one that is not complete; a mode's is shorter, see _MODE

# A mode may be one of several in a sequence. Bounded first, so that no hostile list of modes takes long.
_MODE: Final = rb"\x1b(?:c|\[\?(?=[0-9;]{1,40}[hl])(?:[0-9]+;)*(?:%s)(?:;[0-9]+)*([hl]))"
_ALTERNATE: Final = re.compile(_MODE % rb"47|1047|1049")
_CURSOR: Final = re.compile(_MODE % rb"25")
_INCOMPLETE: Final = re.compile(
    rb"\x1b(?:\[[^\x18\x1a@-~]*+|[ -/]*+|\][^\x07\x18\x1a]*+|[PX^_k][^\x18\x1a]*+)\Z"
)


@dataclass
class ScreenState:
    """`is_alternate`: the screen of full-screen programs is on; `is_cursor_hidden`: as its name says.

    `line` is what was printed since the last line end, or None if that is more than LONGEST_LINE.
    """

    is_alternate: bool = False
    is_cursor_hidden: bool = False
    line: bytes | None = b""
    _sequence: bytes = b""  # an incomplete one at the end, of which only the beginning is kept
    _last: bytes = b""  # the last three bytes: enough for half a character

    @property
    def is_between(self) -> bool:
        """Whether the output ends neither within a sequence or string nor within a character."""
        return not self._sequence and not _ends_in_half_a_character(self._last)

    def feed(self, output: bytes) -> None:
        """Take up the next piece of output, cut anywhere."""
        self.line = _line_after(self.line, output)
        self._last = output[-3:] if len(output) >= 3 else (self._last + output)[-3:]
        sequences = self._sequence + output
        last = sequences.rfind(b"\x1b")
        if last >= 0:
            self._take_modes(sequences)
            self._sequence = _incomplete(sequences, last)

    def _take_modes(self, output: bytes) -> None:
        """With rfind first: it is several times faster than the patterns, and nearly always finds nothing."""
        is_reset = (self.is_alternate or self.is_cursor_hidden) and output.rfind(b"\x1bc") >= 0
        if is_reset or output.rfind(b"\x1b[?") >= 0:
            self.is_alternate = _is_on(_ALTERNATE, b"h", output, before=self.is_alternate)
            self.is_cursor_hidden = _is_on(_CURSOR, b"l", output, before=self.is_cursor_hidden)


def _line_after(line: bytes | None, output: bytes) -> bytes | None:
    end = output.rfind(b"\n")
    if end < 0 and line is None:
        return None
    if len(output) - end - 1 > LONGEST_LINE:
        return None
    line = output[end + 1 :] if end >= 0 or not line else line + output
    return line if len(line) <= LONGEST_LINE else None


def _is_on(mode: re.Pattern[bytes], letter: bytes, output: bytes, *, before: bool) -> bool:
    last = deque(mode.finditer(output), maxlen=1)
    return last[0][1] == letter if last else before  # a reset has no letter: both modes are off


def _incomplete(output: bytes, last: int) -> bytes:
    found = _INCOMPLETE.match(output, last)
    if found is None:
        return b""
    is_string = found[0][1:2] in b"]PX^_k" and len(found[0]) > 1
    return found[0][: 2 if is_string else _LONGEST_SEQUENCE]


def _ends_in_half_a_character(output: bytes) -> bool:
    _, used = codecs.utf_8_decode(output, "replace", False)  # noqa: FBT003 - positional only in codecs
    return used < len(output)
