"""From a terminal in memory to what makes a real one show the same; called by `snapshot` and `follow`.

What it returns paints and no more, as `neutral` has it, whatever the screen was fed.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from pyte import charsets, modes
from wcwidth import wcwidth

from troubleshooter_agent.emulation import HOME, Saved, Screen
from troubleshooter_agent.grid import Line
from troubleshooter_agent.neutral import BLANK

_LINE_DRAWING: Final = charsets.VT100_MAP
_PLAIN: Final = "\x1b[?6l\x1b[?7h\x1b(B\x1b)B\x0f\x1b[0m"


def paint(screen: Screen) -> str:
    """The whole of a terminal of the same size: both screens, cursor, saved positions, modes."""
    rows = range(screen.lines)
    parts = [BLANK]
    if screen.alternate:
        primary = _put(screen.saved.get(False, HOME))
        parts += [paint_rows(screen.primary, rows, screen.columns), primary, "\x1b7"]
        parts += [f"\x1b[?{screen.alternate}h", _PLAIN, "\x1b[H\x1b[2J"]
    saved = _put(screen.saved.get(bool(screen.alternate), HOME))
    parts += [paint_rows(screen.buffer, rows, screen.columns), saved, "\x1b7", _PLAIN]
    return "".join([*parts, _region(screen), _cursor(screen), _modes(screen)])


def paint_rows(lines: Mapping[int, Line], rows: Iterable[int], columns: int, top: int = 0) -> str:
    """Some rows of a screen, as far as the first `columns` go; what was there is erased.

    The row `top` of the screen becomes the first of the terminal that shows it.
    """
    return "".join(f"\x1b[{y - top + 1}H\x1b[0m\x1b[2K{_row(lines.get(y), columns)}" for y in rows)


def style(parameters: str) -> str:
    """The SGR of a cell's style."""
    return f"\x1b[0;{parameters}m" if parameters else "\x1b[0m"


def _row(line: Line | None, columns: int) -> str:
    if line is None:
        return ""
    width = _painted(line, columns)
    parts, last, x = [], "", 0
    while x < width:
        text, taken = _cell(line, x, columns)
        if line[x].fg != last:
            last = line[x].fg
            parts.append(style(last))
        parts.append(text)
        x += taken
    return "".join(parts)


def _painted(line: Line, columns: int) -> int:
    """How many columns there are without the plain blanks at the end."""
    written = range(columns) if line.default.fg else (x for x in line if x < columns)
    cells = sorted(written, reverse=True)
    return next((x + 1 for x in cells if line[x].fg or _cell(line, x, columns)[0] != " "), 0)


def _cell(line: Line, x: int, columns: int) -> tuple[str, int]:
    """What a cell shows and how many columns that takes; half of a wide character is a blank."""
    text = line[x].data
    if text and wcwidth(text[0]) == 2:
        return (text, 2) if x + 1 < columns and line[x + 1].data == "" else (" ", 1)
    return text or " ", 1


def _put(saved: Saved) -> str:
    """Bring the terminal to where a position can be saved as it was."""
    modes_then = ("\x1b[?6h" if saved.origin else "") + ("" if saved.wrap else "\x1b[?7l")
    place = f"\x1b[{saved.cursor.y + 1};{saved.cursor.x + 1}H{style(saved.cursor.attrs.fg)}"
    return modes_then + place + _charsets(saved.g0, saved.g1, saved.shifted)


def _charsets(g0: str, g1: str, shifted: int) -> str:
    drawing = [f"\x1b{slot}0" for slot, charset in (("(", g0), (")", g1)) if charset is _LINE_DRAWING]
    return "".join([*drawing, "\x0e" if shifted else ""])


def _region(screen: Screen) -> str:
    margins = f"\x1b[{screen.margins.top + 1};{screen.margins.bottom + 1}r" if screen.margins else ""
    return margins + ("\x1b[?6h" if modes.DECOM in screen.mode else "")


def _cursor(screen: Screen) -> str:
    """The cursor's place, which is behind the last column where the next character begins a line."""
    cursor, top = screen.cursor, screen.region.top if modes.DECOM in screen.mode else 0
    row = cursor.y - top + 1
    if cursor.x < screen.columns:
        return f"\x1b[{row};{cursor.x + 1}H"
    line = screen.buffer[cursor.y]
    x = screen.columns - 1 - (screen.columns > 1 and line[screen.columns - 1].data == "")
    text, _ = _cell(line, x, screen.columns)
    return f"\x1b[{row};{x + 1}H{style(line[x].fg)}{text}"


def _modes(screen: Screen) -> str:
    return "".join(
        [
            style(screen.cursor.attrs.fg),
            _charsets(screen.g0_charset, screen.g1_charset, screen.charset),
            "\x1b[4h" if modes.IRM in screen.mode else "",
            "\x1b[?5h" if modes.DECSCNM in screen.mode else "",
            "\x1b[?7l" if modes.DECAWM not in screen.mode else "",
            "\x1b[?25l" if screen.cursor.hidden else "",
        ]
    )
