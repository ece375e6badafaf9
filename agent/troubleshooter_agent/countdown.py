"""Keeps a file that says when the toolbox ends, for the prompts of shells: they show the time left.

PID 1 writes it at its start and when the life time changes; nothing of ours reads it. Whoever works in
the toolbox may change it, and misleads nobody but those who look at prompts there.
"""

import os
from pathlib import Path
from typing import Final

FILE: Final = "ends-at"
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def write(folder: Path, ends_at: float) -> None:
    """Say in `folder` when it ends, in whole seconds of CLOCK_BOOTTIME, as /proc/uptime counts; OSError.

    The file appears whole. No link and no FIFO that somebody has put there is opened.
    """
    part = folder / f".{FILE}.part"
    part.unlink(missing_ok=True)
    fd = os.open(part, _CREATE, 0o644)
    try:
        os.write(fd, b"%d\n" % ends_at)
    finally:
        os.close(fd)
    part.rename(folder / FILE)
