"""Where in the bytes of a cast a line may show a text, told fast; pure.

A typed word stands in a cast letter by letter, each in an event of its own, and a painted one has escape
sequences within. A gigabyte cannot be decoded while somebody waits, so the raw bytes are searched for some
letters of the text, from a rare one on, with such things between them. It errs on the side of yes: each such
place is then decoded from line end to line end, and what no recorder of ours wrote is decoded whole.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import orjson

_FRAME: Final = rb'\[[0-9.e+-]+, ?"%b", ?"'  # asciinema has the spaces, our recorder has not
_EVENT_TEXT: Final = rb'(?:[^"\\\n]|\\.)*+'
# Between two letters: what paints, controls, and the frames of events, also of those of other kinds.
_GAP: Final = rb"(?:%b)*+" % b"|".join(
    (
        rb"\\u001b(?:\[[0-?]*+[ !#-/]*+[@-\[\]-~]|[()][0-9A-Za-z]|[78=>Mm])",
        rb"\\u00(?:0[0-9a-f]|1[0-9ac-f])|\\[bf]|\x7f|\xc2[\x80-\x9f]|\\u0085",
        rb'"\]\n(?:%b%b"\]\n)*+%b' % (_FRAME % b"[^o]", _EVENT_TEXT, _FRAME % b"o"),
    )
)
_HARD: Final = rb"\\u001b"  # a sequence of another kind, or one that goes on in the next event
_MOST_LETTERS: Final = 12  # of a pattern; the rest is left to the look at the line
_FEWEST_LETTERS: Final = 4
_NEAR: Final = 512  # bytes from one place to the next that are decoded with both
_SAMPLE_BYTES: Final = 16 * 1024  # tell which letter is rare
# What our recorder never writes: other escapes, and other frames.
_FOREIGN_ESCAPE: Final = re.compile(rb"\\(?:u(?!00[01]|0085|202[89])|/)")
_FOREIGN_FRAME: Final = re.compile(rb"\n(?!%b)" % (_FRAME % b"[a-z]"))
_CODE: Final = re.compile(_FRAME % b"([a-z])")  # with all up to the text
_LINE_END: Final = re.compile(rb"\\[nr]")
_EVENT_END: Final = b'"]\n'
_ESCAPED: Final = {"\u2028": rb"\u2028", "\u2029": rb"\u2029"}  # by our recorder, and not by orjson
# Capital letters whose small form begins or is one that has another capital: found by decoding.
_ODD_CAPITALS: Final = {"i": "\u0130", "\u0307": "\u0130", "k": "\u212a"}
_SIGMA, _LAST_SIGMA = "\u03a3", "\u03c2"


class Needle:
    """A text that is looked for, as it is and in the form that it has in a cast."""

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        self._text = text.lower() if ignore_case else text
        self._ignore_case = ignore_case
        self._letters = _letters(self._text, ignore_case=ignore_case)
        odd = {_ODD_CAPITALS[char] for char in self._text if char in _ODD_CAPITALS} if ignore_case else ()
        self._odd = [capital.encode() for capital in odd]

    def is_in(self, line: str) -> bool:
        """Whether a line of plain text shows it."""
        return self._text in (line.lower() if self._ignore_case else line)

    def places(self, block: bytes) -> Iterator[bytes]:
        """Pieces that hold each line which shows it, as events; `block` is whole lines of a cast."""
        if not self._letters or _is_foreign(block) or any(capital in block for capital in self._odd):
            yield block
            return
        searched = block.lower() if self._ignore_case else block
        pattern, end = self._pattern(searched[:_SAMPLE_BYTES]), 0
        found = pattern.search(searched)
        while found:
            frame, start = _beginning(block, end, found.start())
            end = _end(block, found.start())
            while (found := pattern.search(searched, end + 2)) and found.start() < end + _NEAR:
                end = _end(block, found.start())
            yield frame + block[start:end] + (b"" if end == len(block) else _EVENT_END)

    def _pattern(self, sample: bytes) -> re.Pattern[bytes]:
        last = max(0, len(self._letters) - _FEWEST_LETTERS)
        starts = range(last + 1)
        rarest = min(starts, key=lambda start: sample.count(self._letters[start][0][:1]))
        return _compiled(self._letters[rarest : rarest + _MOST_LETTERS])


def _letters(text: str, *, ignore_case: bool) -> tuple[tuple[bytes, ...], ...]:
    """For each character the ways in which a cast has it, ASCII in small letters where case is ignored."""
    capitals = _capitals() if ignore_case and not text.isascii() else {}
    return tuple(tuple(_as_written(char) for char in (letter, *capitals.get(letter, ()))) for letter in text)


def _as_written(char: str) -> bytes:
    return _ESCAPED.get(char) or orjson.dumps(char)[1:-1]


@cache
def _capitals() -> dict[str, list[str]]:
    """For each small letter beyond ASCII its capitals, as Python knows them."""
    found: dict[str, list[str]] = {_LAST_SIGMA: [_SIGMA]}
    for char in map(chr, range(0x80, 0x110000)):
        if (small := char.lower()) != char:
            found.setdefault(small, []).append(char)
    return found


@cache
def _compiled(letters: Sequence[tuple[bytes, ...]]) -> re.Pattern[bytes]:
    pattern = b""
    for ways in reversed(letters):
        escaped = [re.escape(way) for way in ways]
        letter = escaped[0] if len(escaped) == 1 else b"(?:%b)" % b"|".join(escaped)
        pattern = b"%b%b(?:%b|%b)" % (letter, _GAP, pattern, _HARD) if pattern else letter
    return re.compile(pattern)


def _is_foreign(block: bytes) -> bool:
    if not _CODE.match(block) or not block.endswith(_EVENT_END):
        return True
    last = len(block) - 1
    return _FOREIGN_ESCAPE.search(block) is not None or _FOREIGN_FRAME.search(block, 0, last) is not None


def _beginning(block: bytes, low: int, place: int) -> tuple[bytes, int]:
    """Where the line begins that stands at `place`, not before `low`, and the frame to put before it."""
    high = place
    while True:
        at = block.rfind(rb"\n", low, high)
        at = max(at, block.rfind(rb"\r", max(low, at + 1), high))
        if at < 0:
            return b"", 0
        if _is_literal(block, at):
            high = at + 1
            continue
        event = block.rfind(b"\n", 0, at) + 1
        code = _CODE.match(block, event)
        if code is not None and code.group(1) == b"o":
            return code.group(), at + 2
        high = event


def _end(block: bytes, place: int) -> int:
    """Where that line ends: at its line end, or with the block."""
    while (found := _LINE_END.search(block, place)) is not None:
        at = found.start()
        if _is_literal(block, at):
            place = at + 1
            continue
        code = _CODE.match(block, block.rfind(b"\n", 0, at) + 1)
        if code is not None and code.group(1) == b"o":
            return at
        place = block.find(b"\n", at)
    return len(block)


def _is_literal(block: bytes, at: int) -> bool:
    """Whether the backslash there is the second of an escaped one."""
    before = at
    while before and block[before - 1] == 0x5C:  # a backslash
        before -= 1
    return (at - before) % 2 == 1
