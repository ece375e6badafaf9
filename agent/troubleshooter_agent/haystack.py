"""Whether a piece of a cast can show a text at all, told fast from its bytes; pure.

A typed word stands in a cast letter by letter, each in an event of its own, and a painted one has escape
sequences within. So the frames between the events and what only a terminal understands are taken out of the
raw bytes first, in one pass. It errs on the side of yes: what it lets through is looked at line by line.
"""

import re
from typing import Final

import orjson

_TIME: Final = rb"\[[0-9.e+-]+,"
# What stands between the text of one output and the next: perhaps events of other kinds.
_FRAMES: Final = re.compile(rb'"\]\n(?:%b"[^o]","(?:[^"\\\n]|\\.)*+"\]\n)*+%b"o","' % (_TIME, _TIME))
_FIRST: Final = b'"]\n'  # so that the first event has a frame before it, as the others have
_BACKSLASH: Final = b"\x00"  # stands for an escaped one, so that each other backslash begins an escape
_IN_STRING: Final = rb'(?:[^"\\]|\\[^u]|\\u(?!0007|001b))'
_NOISE: Final = re.compile(
    rb"\\u001b(?:\[[0-?]*+[ !#-/]*+[@-\[\]-~\x00]?"
    rb"|[\]PX^_]%b{0,4096}+(?:\\u0007|\\u001b\x00)?"
    rb"|[ !#-/]*+[0-\[\]-~\x00]?)"
    rb"|\\u00[01][0-9a-f]|\\u007f|\x7f|\xc2[\x80-\x9f]|\\[bf]" % _IN_STRING
)


class Needle:
    """A text that is looked for, as it is and in the form that it has in a cast."""

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        self._text = text.lower() if ignore_case else text
        self._ignore_case = ignore_case
        self._is_ascii = text.isascii()
        self._bytes = orjson.dumps(self._text)[1:-1].replace(rb"\\", _BACKSLASH)

    def is_in(self, line: str) -> bool:
        """Whether a line of plain text shows it."""
        return self._text in (line.lower() if self._ignore_case else line)

    def may_be_in(self, block: bytes) -> bool:
        """Whether whole lines of a cast can show it; False only where they do not."""
        text = _FRAMES.sub(b"", _FIRST + block.replace(rb"\\", _BACKSLASH))
        plain = _NOISE.sub(b"", text)
        if b"\n" in plain[:-1] or rb"\u" in plain or rb"\/" in plain:
            return True  # written by something else than our recorder
        return self._bytes in self._folded(plain)

    def _folded(self, plain: bytes) -> bytes:
        if not self._ignore_case:
            return plain
        return plain.lower() if self._is_ascii else plain.decode(errors="replace").lower().encode()
