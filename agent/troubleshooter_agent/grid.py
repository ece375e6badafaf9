"""The cells of a terminal in memory and what moves them: pyte's, mended where pyte 0.8.2 differs from xterm.

Only readers import it, as the ground that `emulation` stands on. Mended: moves from outside of the scroll
region, the origin, lines that were blank, what erasing and shifting leave; and scrolling is faster.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pyte
from pyte import modes
from pyte.screens import Char, Margins, StaticDefaultDict

Line = StaticDefaultDict[int, Char]


class Grid(pyte.Screen):
    """A cell's `fg` holds all of its style, as the parameters of the SGR that paints it (see `style`).

    pyte keeps colours by names of its own, and knows neither faint nor hidden text.
    """

    @property
    def default_char(self) -> Char:
        return Char(" ", fg="")

    @property
    def region(self) -> Margins:
        """The lines that scroll, the first and the last, from 0 on."""
        return self.margins or Margins(0, self.lines - 1)

    def blank(self) -> Char:
        """A cell that was erased."""
        return self.default_char

    # Moves.

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        first, last = max(1, top or 1), min(bottom or self.lines, self.lines)
        if first < last:
            self.margins = Margins(first - 1, last - 1) if (first, last) != (1, self.lines) else None
            self.cursor_position()

    def cursor_up(self, count: int | None = None) -> None:
        top = self.region.top if self.cursor.y >= self.region.top else 0
        self.cursor.y = max(self.cursor.y - (count or 1), top)

    def cursor_down(self, count: int | None = None) -> None:
        bottom = self.region.bottom if self.cursor.y <= self.region.bottom else self.lines - 1
        self.cursor.y = min(self.cursor.y + (count or 1), bottom)

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        self.cursor_to_line(line)
        self.cursor_to_column(column)

    def cursor_to_line(self, line: int | None = None) -> None:
        first, last = self.region if modes.DECOM in self.mode else (0, self.lines - 1)
        self.cursor.y = min(first + (line or 1) - 1, last)

    def tabs(self, count: int = 1) -> None:
        """CHT."""
        for _ in range(min(count or 1, self.columns)):
            self.tab()

    def back_tabs(self, count: int = 1) -> None:
        """CBT."""
        for _ in range(min(count or 1, self.columns)):
            self.cursor.x = max((stop for stop in self.tabstops if stop < self.cursor.x), default=0)

    # Erasing.

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - pyte's
        x = min(self.cursor.x, self.columns - 1)
        self._erase({0: range(x, self.columns), 1: range(x + 1), 2: range(self.columns)}.get(how, ()))

    def erase_characters(self, count: int | None = None) -> None:
        x = min(self.cursor.x, self.columns - 1)
        self._erase(range(x, min(x + (count or 1), self.columns)))

    def erase_in_display(self, how: int = 0, *_args: Any, **_private: Any) -> None:
        below, above = range(self.cursor.y + 1, self.lines), range(self.cursor.y)
        for y in {0: below, 1: above, 2: range(self.lines)}.get(how, ()):
            self.clear_line(y)
        if how in {0, 1}:
            self.erase_in_line(how)

    def clear_line(self, y: int) -> None:
        """Make a line blank."""
        self.buffer[y] = StaticDefaultDict(self.blank())
        self.dirty.add(y)

    def _erase(self, columns: Sequence[int]) -> None:
        line, blank = self.buffer[self.cursor.y], self.blank()
        for column in columns:
            line[column] = blank
        self.dirty.add(self.cursor.y)

    # Shifting within a line. What moves in, or was never written, has the colour that erasing leaves.

    def insert_characters(self, count: int | None = None) -> None:
        """ICH."""
        x, cells = self._from_cursor()
        blank = [self.blank()] * min(count or 1, len(cells))
        self._write(x, blank + cells[: len(cells) - len(blank)])

    def delete_characters(self, count: int | None = None) -> None:
        """DCH."""
        x, cells = self._from_cursor()
        blank = [self.blank()] * min(count or 1, len(cells))
        self._write(x, cells[len(blank) :] + blank)

    def _from_cursor(self) -> tuple[int, list[Char]]:
        x, line = min(self.cursor.x, self.columns - 1), self.buffer[self.cursor.y]
        return x, [line[column] for column in range(x, self.columns)]

    def _write(self, x: int, cells: list[Char]) -> None:
        self.buffer[self.cursor.y].update(enumerate(cells, x))
        self.dirty.add(self.cursor.y)

    # Scrolling.

    def index(self) -> None:
        if self.cursor.y == self.region.bottom:
            self.shift(self.region.top, self.region.bottom, 1)
        else:
            self.cursor_down()

    def reverse_index(self) -> None:
        if self.cursor.y == self.region.top:
            self.shift(self.region.top, self.region.bottom, -1)
        else:
            self.cursor_up()

    def next_line(self) -> None:
        """NEL."""
        self.carriage_return()
        self.index()

    def scroll_up(self, count: int = 1) -> None:
        """SU."""
        self.shift(self.region.top, self.region.bottom, count or 1)

    def scroll_down(self, count: int = 1) -> None:
        """SD."""
        self.shift(self.region.top, self.region.bottom, -(count or 1))

    def insert_lines(self, count: int | None = None) -> None:
        self._shift_from_cursor(-(count or 1))

    def delete_lines(self, count: int | None = None) -> None:
        self._shift_from_cursor(count or 1)

    def shift(self, top: int, bottom: int, count: int) -> None:
        """Move the lines from `top` to `bottom` up by `count`, or down if it is negative."""
        buffer, height = self.buffer, bottom - top + 1
        if count > 0:
            for y in range(top, bottom + 1 - count):
                buffer[y] = buffer[y + count]
            blank = range(max(top, bottom + 1 - count), bottom + 1)
        else:
            for y in range(bottom, top - 1 - count, -1):
                buffer[y] = buffer[y + count]
            blank = range(top, top + min(-count, height))
        for y in blank:
            self.clear_line(y)
        self.dirty.update(range(top, bottom + 1))

    def _shift_from_cursor(self, count: int) -> None:
        if self.region.top <= self.cursor.y <= self.region.bottom:
            self.shift(self.cursor.y, self.region.bottom, count)
            self.carriage_return()

    # Modes.

    def switch(self, mode: int, *, on: bool) -> None:
        """One of pyte's modes, without what pyte does along with it."""
        change: Callable[[int], None] = self.mode.add if on else self.mode.discard
        change(mode)


def cut(buffer: dict[int, Line], gone: int, lines: int, columns: int) -> None:
    """Leave `lines` lines of `columns` columns, without the first `gone` lines."""
    kept = {y - gone: line for y, line in buffer.items() if gone <= y < gone + lines}
    for line in kept.values():
        for x in [x for x in line if x >= columns]:
            del line[x]
    buffer.clear()
    buffer.update(kept)
