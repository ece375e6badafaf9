"""The person's terminal, as the client sees it: its size, and raw mode that always ends."""

import contextlib
import os
import termios
import tty
from collections.abc import Iterator


def is_terminal(*descriptors: int) -> bool:
    """Whether all of them are a terminal."""
    return all(os.isatty(fd) for fd in descriptors)


def size(fd: int) -> tuple[int, int]:
    """Columns and rows; 0 where the terminal does not know them."""
    columns, rows = os.get_terminal_size(fd)
    return columns, rows


@contextlib.contextmanager
def quiet(fd: int) -> Iterator[None]:
    """For the length of a block keys show nothing and go nowhere, but Ctrl-C; what is shown is not changed.

    A descriptor that is no terminal is fine, too.
    """
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    mode = termios.tcgetattr(fd)
    mode[1] &= ~termios.OPOST  # a recorded newline moves down and no more
    mode[3] &= ~(termios.ECHO | termios.ICANON)
    mode[6][termios.VSUSP] = mode[6][termios.VQUIT] = b"\0"  # they would leave the terminal so
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal may be gone by then
            termios.tcsetattr(fd, termios.TCSAFLUSH, before)


@contextlib.contextmanager
def raw(fd: int) -> Iterator[None]:
    """Raw mode for the length of a block; restored at once, without waiting for unread output."""
    before = termios.tcgetattr(fd)
    tty.setraw(fd, termios.TCSANOW)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal may be gone by then
            termios.tcsetattr(fd, termios.TCSANOW, before)
