"""What the toolbox says in a terminal, as the bytes that show it; pure.

The only place that knows how such a text looks: as a line of its own above the line that a person is
typing, on the last line of a full-screen program, or as the last words of a session.
"""

import re
from typing import Final

from troubleshooter_agent.asciicast import valid_size

PREFIX: Final = "[troubleshooter] "
# What less and bash leave on when killed. Leaving a screen that is not on moves the cursor to where it was
# saved, in some terminals to the corner: so it is saved first.
RESET_TERMINAL: Final = b"\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m"
BREAK_OFF: Final = b"\x1b\\"  # ends what a terminal is in the middle of, and is nothing elsewhere

_SEQUENCE: Final = re.compile(
    rb"\x1b(?:"
    rb"\[(?P<private>[<=>?]?)[0-9;:]*[ -/]*(?P<final>[@-~])"
    rb"|(?P<string>\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_k][^\x1b]*\x1b\\)"
    rb"|(?P<short>[ -/]*[0-~])"
    rb")|[\x05\x07]"
)
_NEW_SCREEN: Final = re.compile(rb"\x1b(?:c|\[\?(?:47|1047|1049)[hl]|\[(?:1;1)?H(?:\x1b\[[0-3]?J)+)")
# Sequences by their last byte: those that move and draw wherever the line began, and those that do not.
_WITHIN_THE_LINE: Final = frozenset(b"@ABCDGJKPX`bhlm")
_ELSEWHERE: Final = frozenset(b"EFHLMSTdefrsu")
_UP: Final = re.compile(rb"\x1b\[[0-9]*A")
_DOWN_OR_C1: Final = re.compile(rb"[\x0b\x0c]|\xc2[\x80-\x9f]")  # the latter are sequences to some terminals
_SHORT_WITHIN: Final = re.compile(rb"[()*+][0-~]|[=>\\]")


def last_words(text: str) -> bytes:
    """Whatever was on the screen, the shell's screen as it was, and then the text."""
    return RESET_TERMINAL + (f"\r\n{PREFIX}{text}\r\n".encode() if text else b"")


def as_line(text: str, line: bytes | None) -> bytes:
    """A line of its own, and then once more the line that the person was in, where that can be done."""
    again = line_again(line)
    start = b"" if line is not None and not _is_visible(line) else b"\r\n"
    if again and _UP.search(again):
        start += b"\x1b[J"  # the cursor may have been above the end of a long command
    return start + f"{PREFIX}{text}\r\n".encode() + (again or b"")


def as_bar(text: str, size: tuple[int, int]) -> bytes:
    """On the last line of a terminal of so many columns and rows; cursor and attributes as they were."""
    columns, rows = valid_size(*size)
    bar = f"{PREFIX}{text}"[:columns].ljust(columns).encode()
    return b"\x1b7\x1b[%d;1H\x0f\x1b(B\x1b[0;7m%s\x1b[0m\x1b8" % (rows, bar)


def without_bar(size: tuple[int, int]) -> bytes:
    """The last line empty, as a program believes it that thinks of it as empty and so never draws it."""
    return b"\x1b7\x1b[%d;1H\x1b[0m\x1b[K\x1b8" % valid_size(*size)[1]


def line_again(line: bytes | None) -> bytes | None:
    """What draws such a line once more from its beginning; None if it is not known, or drawn elsewhere.

    Left out is what draws nothing, since a terminal answers questions and obeys orders a second time too.
    """
    if line is None or is_elsewhere(line) or _DOWN_OR_C1.search(line):
        return None
    kept = _SEQUENCE.sub(_kept, _on_this_screen(line))
    return kept if kept.count(b"\x1b") == len(_SEQUENCE.findall(kept)) else None


def is_elsewhere(line: bytes) -> bool:
    """Whether a line was drawn by addresses on the screen, as full-screen programs draw."""
    return any(_moves_away(found) for found in _SEQUENCE.finditer(_on_this_screen(line)))


def _on_this_screen(line: bytes) -> bytes:
    """The rest of a line after the screen was cleared or changed: that began at a new place."""
    return _NEW_SCREEN.split(line)[-1]


def _moves_away(found: re.Match[bytes]) -> bool:
    if found["final"]:
        return not found["private"] and found["final"][0] in _ELSEWHERE
    return found["short"] is not None and not _SHORT_WITHIN.fullmatch(found["short"])


def _kept(found: re.Match[bytes]) -> bytes:
    if found["final"] and found["private"]:
        return found[0] if found["private"] == b"?" and found["final"] in b"hl" else b""
    if found["final"]:
        return found[0] if found["final"][0] in _WITHIN_THE_LINE else b""
    return found[0] if found["short"] else b""


def _is_visible(line: bytes) -> bool:
    return bool(_SEQUENCE.sub(b"", _on_this_screen(line)).strip(bytes(range(0x20))))
