"""A terminal in memory, of which `interpreter` calls the methods; only readers import it.

To pyte it adds the alternate screen, one saved position a screen, styles as they were written, line drawing,
repeats, and characters that combine or are wide; and speed, five times that of pyte 0.8.2.
"""

import copy
import re
from dataclasses import dataclass
from typing import Final

from pyte import charsets, modes
from pyte.screens import Char, Cursor
from wcwidth import wcwidth

from troubleshooter_agent.grid import Grid, Line, cut
from troubleshooter_agent.style import Style

ALTERNATE: Final = (47, 1047, 1049)
_SAVING: Final = (1048, 1049)  # these save the position when set, and restore it when reset
_LONGEST_CELL: Final = 16  # characters that combine in one cell
_MOST_STYLES: Final = 256  # whose cells are kept
_MOST_REPEATS: Final = 65_535  # a line of the widest terminal
_PIECES: Final = re.compile(r"[ -~]+|[^ -~]")
_CHARSETS: Final = {"0": charsets.VT100_MAP}  # the others are what they are in Unicode


@dataclass(frozen=True)
class Saved:
    """A saved position, with what is saved along with it."""

    cursor: Cursor
    g0: str
    g1: str
    shifted: int
    origin: bool
    wrap: bool


HOME: Final = Saved(
    Cursor(0, 0, Char(" ", fg="")), charsets.LAT1_MAP, charsets.LAT1_MAP, 0, origin=False, wrap=True
)


class _Glyphs(dict[str, Char]):
    """The cells of one style by what they show, made when they are first wanted."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._style = style

    def __missing__(self, char: str) -> Char:
        cell = self[char] = Char(char, fg=self._style)
        return cell


class Screen(Grid):
    """One terminal: text, styles, saved positions, modes, and its two screens."""

    def __init__(self, columns: int, lines: int) -> None:
        self.alternate = 0  # the mode by which the alternate screen is shown, 0 for the primary one
        self.primary: dict[int, Line] = {}  # what the primary screen shows meanwhile
        self.saved: dict[bool, Saved] = {}  # of the alternate screen and of the primary one
        self._style = Style()
        self._glyphs: dict[str, dict[str, Char]] = {}
        self._last = ""
        super().__init__(columns, lines)

    def reset(self) -> None:
        super().reset()
        self.g0_charset = self.g1_charset = charsets.LAT1_MAP
        self.alternate = 0
        self.primary, self.saved, self._style = {}, {}, Style()
        self.cursor.attrs = self.default_char

    # Text.

    def define_charset(self, code: str, mode: str) -> None:
        charset = _CHARSETS.get(code, charsets.LAT1_MAP)
        if mode == "(":
            self.g0_charset = charset
        else:
            self.g1_charset = charset

    def draw(self, data: str) -> None:
        """Show text at the cursor; wide and combining characters take the cells that terminals give them."""
        charset = self.g1_charset if self.charset else self.g0_charset
        if charset is charsets.VT100_MAP:
            data = data.translate(charset)
        for match in _PIECES.finditer(data):
            piece = match.group()
            if piece.isascii() and modes.IRM not in self.mode:
                self._draw_narrow(piece)
            else:
                for char in piece:
                    self._draw_one(char)
        self.dirty.add(self.cursor.y)

    def repeat(self, count: int = 1) -> None:
        """REP: show the last character again."""
        self.draw(self._last * min(count or 1, _MOST_REPEATS))

    def _draw_narrow(self, text: str) -> None:
        self._last = text[-1]
        glyphs = self._cells()
        while text:
            room = self._room(1)
            part, text = text[:room], text[room:]
            x = self.cursor.x
            self.buffer[self.cursor.y].update(
                zip(range(x, x + len(part)), map(glyphs.__getitem__, part), strict=True)
            )
            self.cursor.x = x + len(part)
            if modes.DECAWM not in self.mode:
                text = text[-1:]  # all that is too much is shown in the last column, one above the other

    def _draw_one(self, char: str) -> None:
        width = wcwidth(char)
        if width <= 0:
            self._combine(char)
            return
        self._last = char
        self._room(width)
        if modes.IRM in self.mode:
            self.insert_characters(width)
        line, x = self.buffer[self.cursor.y], self.cursor.x
        line[x] = self.cursor.attrs._replace(data=char)
        if width == 2 and x + 1 < self.columns:
            line[x + 1] = self.cursor.attrs._replace(data="")
        self.cursor.x = min(x + width, self.columns)

    def _room(self, width: int) -> int:
        """Columns from the cursor on, on the next line if there are fewer than `width`."""
        if self.cursor.x + width > self.columns:
            if modes.DECAWM in self.mode:
                self.dirty.add(self.cursor.y)
                self.carriage_return()
                self.index()
            else:
                self.cursor.x = max(0, self.columns - width)
        return self.columns - self.cursor.x

    def _combine(self, char: str) -> None:
        line = self.buffer[self.cursor.y]
        x = self.cursor.x - 1
        if x > 0 and line[x].data == "":  # the second half of a wide one
            x -= 1
        if x >= 0 and len(line[x].data) < _LONGEST_CELL:
            line[x] = line[x]._replace(data=line[x].data + char)

    def _cells(self) -> dict[str, Char]:
        style = self.cursor.attrs.fg
        found = self._glyphs.get(style)
        if found is None:
            if len(self._glyphs) >= _MOST_STYLES:
                self._glyphs.clear()
            found = self._glyphs[style] = _Glyphs(style)
        return found

    # Style.

    def sgr(self, parameters: str) -> None:
        """SGR, with its parameters as they were written."""
        self._style.obey(parameters)
        self.cursor.attrs = Char(" ", fg=self._style.parameters)

    def blank(self) -> Char:
        """Erasing leaves the colour of the background."""
        return Char(" ", fg=self._style.background)

    # Saved positions.

    def save_cursor(self) -> None:
        """DECSC; a later one replaces it, and each screen has its own."""
        cursor = copy.copy(self.cursor)
        cursor.x = min(cursor.x, self.columns - 1)
        self.saved[bool(self.alternate)] = Saved(
            cursor, self.g0_charset, self.g1_charset, self.charset,
            modes.DECOM in self.mode, modes.DECAWM in self.mode,
        )  # fmt: skip

    def restore_cursor(self) -> None:
        """DECRC; it can be restored again. Whether the cursor is visible is not saved."""
        saved = self.saved.get(bool(self.alternate), HOME)
        hidden = self.cursor.hidden
        self.cursor = copy.copy(saved.cursor)
        self.cursor.hidden = hidden
        self.g0_charset, self.g1_charset, self.charset = saved.g0, saved.g1, saved.shifted
        self.switch(modes.DECOM, on=saved.origin)
        self.switch(modes.DECAWM, on=saved.wrap)
        self.cursor.x = min(self.cursor.x, self.columns - 1)
        self.cursor.y = min(self.cursor.y, self.lines - 1)
        self._style = Style(saved.cursor.attrs.fg)

    # Modes, screens and size.

    def insert_mode(self, *, on: bool) -> None:
        """IRM."""
        self.switch(modes.IRM, on=on)

    def private_mode(self, number: int, *, on: bool) -> None:
        """DECSET and DECRST of one mode."""
        if number in _SAVING and on:
            self.save_cursor()
        if number in ALTERNATE:
            self._show_alternate(number if on else 0)
        else:
            self.switch(number << 5, on=on)
        if number in _SAVING and not on:
            self.restore_cursor()
        if number << 5 == modes.DECOM:
            self.cursor_position()
        self.cursor.hidden = modes.DECTCEM not in self.mode

    def _show_alternate(self, number: int) -> None:
        if number and not self.alternate:
            self.primary, self.alternate = dict(self.buffer), number
            self.buffer.clear()
        elif self.alternate and not number:
            self.alternate = 0
            self.buffer.clear()
            self.buffer.update(self.primary)
            self.primary = {}
            self.saved.pop(True, None)
        self.dirty.update(range(self.lines))

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Another size: what no longer fits is cut at the right and below the cursor, then above it."""
        lines, columns = lines or self.lines, columns or self.columns
        gone = max(0, self.cursor.y - lines + 1)
        for buffer in (self.buffer, self.primary):
            cut(buffer, 0 if buffer is self.primary else gone, lines, columns)
        self.cursor.y -= gone
        self.cursor.x = min(self.cursor.x, columns)
        self.lines, self.columns, self.margins = lines, columns, None
        self.tabstops = set(range(8, columns, 8))
        self.dirty.update(range(lines))
