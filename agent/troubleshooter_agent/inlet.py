"""Reads of descriptors that do not block: a program's output, a person's keys; called by the relay."""

import errno
import os
import selectors
from typing import Final

READ_BYTES: Final = 64 * 1024


def read_now(fd: int) -> bytes | None:
    """What can be read now: None when nothing is there yet, empty at the end."""
    try:
        return os.read(fd, READ_BYTES)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno != errno.EIO:  # EIO: the other side of a terminal is closed
            raise
        return b""


def has_more(fd: int) -> bool:
    """Whether something, or the end, can be read now."""
    with selectors.PollSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        return bool(selector.select(0))
