"""The terminal of one who follows a recording, or the pipe that stands in its place; called by `follow`.

On a terminal of the recording's size the output is passed on as it comes. On any other a terminal in
memory is shown, cut to what there is room for; then the last line says so, and the cursor stays in view.
"""

import os
import select
from collections.abc import Sequence
from typing import Final

from troubleshooter_agent import asciicast, terminal
from troubleshooter_agent.asciicast import Event
from troubleshooter_agent.interpreter import Interpreter
from troubleshooter_agent.lines import resized
from troubleshooter_agent.neutral import BLANK, CLEAN
from troubleshooter_agent.painter import paint_rows, style
from troubleshooter_agent.snapshot import Snapshot

_SMALLEST: Final = (1, 2)  # that anything is drawn on


class Viewer:
    """Shows a snapshot, and what comes after it; `fd` is where."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = _size(fd)
        self._top: int | None = None  # the row of the recorded screen that is the first one here
        self.is_drawing = False
        self._found = Snapshot(Interpreter(1, 1), 0)

    def join(self, found: Snapshot) -> None:
        """Begin anew with a snapshot."""
        self._found = found
        self._size = _size(self._fd)
        self._top = None
        self.is_drawing = self._size is not None and self._size != (found.columns, found.rows)
        if self.is_drawing:
            self._write(BLANK)
            self._draw()
        else:
            self._write(found.paint().decode())

    def show(self, events: Sequence[Event]) -> bool:
        """Go on with these; False if that takes another beginning, at the end of them."""
        if self.is_drawing:
            for event in events:
                self._found.feed(event)
            self._draw()
            return self._size != (self._found.columns, self._found.rows)
        if self._size is not None and any(self._is_other_size(event) for event in events):
            return False
        self._write("".join(map(self._found.show, events)))
        return True

    def is_resized(self) -> bool:
        """Whether the window has another size now than when it was last begun."""
        return _size(self._fd) != self._size

    def leave(self) -> None:
        """Leave a terminal clean, with the cursor below all that was shown."""
        size = _size(self._fd)
        self._write(f"{CLEAN}\x1b[{size[1]}H\r\n" if size else self._found.interpreter.neutral.finish())

    def _is_other_size(self, event: Event) -> bool:
        size = resized(event.text) if event.code == asciicast.RESIZE else None
        return size is not None and size != self._size

    def _draw(self) -> None:
        """Draw what has changed."""
        screen, (columns, height) = self._found.interpreter.screen, self._size or _SMALLEST
        is_cut = screen.columns > columns or screen.lines > height
        room = max(1, height - is_cut)
        top = max(0, screen.cursor.y - room + 1)
        rows = range(top, min(top + room, screen.lines))
        changed = rows if top != self._top else sorted(screen.dirty.intersection(rows))
        self._top = top
        screen.dirty.clear()
        drawn = paint_rows(screen.buffer, changed, min(columns, screen.columns), top)
        status = self._status(columns, height) if is_cut else ""
        self._write(f"\x1b[?25l{drawn}{status}{self._cursor(columns, rows)}")

    def _status(self, columns: int, height: int) -> str:
        found = self._found
        text = f" {found.columns}x{found.rows}, cut to your window of {columns}x{height} "
        return f"\x1b[{height}H{style('7')}{text[:columns]}\x1b[0m"

    def _cursor(self, columns: int, rows: range) -> str:
        cursor = self._found.interpreter.screen.cursor
        if cursor.hidden or cursor.x >= columns or cursor.y not in rows:
            return ""
        return f"\x1b[{cursor.y - (self._top or 0) + 1};{cursor.x + 1}H\x1b[?25h"

    def _write(self, text: str) -> None:
        content = memoryview(text.encode())
        while content:
            try:
                content = content[os.write(self._fd, content) :]
            except BlockingIOError:  # somebody else who has the descriptor made it so
                select.select([], [self._fd], [])


def _size(fd: int) -> tuple[int, int] | None:
    """Columns and rows of a terminal that has a size."""
    if not os.isatty(fd):
        return None
    columns, rows = terminal.size(fd)
    return (columns, rows) if columns and rows else None
