"""Has a program draw its screen again, as a person does by pulling at the window; called by `announcer`.

SIGWINCH to the foreground first, which moves nothing in any program. Programs that compare sizes
(readline, ncurses) do not answer that: for them the terminal loses a row for an instant, which others
answer by scrolling. What was measured stands in docs/decisions/005-what-is-said-in-a-terminal.md.
"""

import contextlib
import fcntl
import os
import re
import signal
import struct
import termios
from typing import Final

ANSWER_SECONDS: Final = 0.15  # for a program to begin to draw
LENT_SECONDS: Final = 0.1  # without a row; signals that come sooner are taken as one
_PAINTS: Final = re.compile(rb"\x1b\[(?:1;1|1)?H|\x1b\[[0-3]?J")  # from the top, or erases: no mere tick


class Repaint:
    """For one terminal, known by its master; `due` is when `look` has something to do."""

    def __init__(self, master: int) -> None:
        self.due: float | None = None
        self._master = master
        self._whole: tuple[int, int] | None = None  # the size that the person's terminal has meanwhile

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the person's terminal, as far as the program's knows it."""
        return self._whole or self._size()

    def ask(self, now: float) -> None:
        """Ask the program; it is asked again in the other way if it does not answer."""
        self._give_back()
        self._signal()
        self.due = now + ANSWER_SECONDS

    def saw(self, output: bytes) -> None:
        """Take output for the answer, if it is one."""
        if self.due is not None and self._whole is None and _PAINTS.search(output):
            self.due = None

    def resized(self) -> None:
        """The terminal has got another size, which a program does answer."""
        self.due = self._whole = None

    def look(self, now: float) -> None:
        """Do what is due."""
        if self.due is None or now < self.due:
            return
        if self._whole is not None:
            self._give_back()
        else:
            self._borrow(now)

    def _borrow(self, now: float) -> None:
        columns, rows = self._size()
        self.due = None
        if rows:  # without a size there is none to change
            self._whole = columns, rows
            self.due = now + LENT_SECONDS
            self._resize(columns, rows - 1 if rows > 1 else rows + 1)

    def _give_back(self) -> None:
        if self._whole is not None:
            self._resize(*self._whole)
        self.due = self._whole = None

    def _signal(self) -> None:
        with contextlib.suppress(OSError):  # it is just ending, or another user's
            group = os.tcgetpgrp(self._master)
            if group > 1:
                os.killpg(group, signal.SIGWINCH)

    def _size(self) -> tuple[int, int]:
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(self._master, termios.TIOCGWINSZ, bytes(8)))
        return columns, rows

    def _resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
