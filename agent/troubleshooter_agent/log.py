"""Log lines of the agent, one an event, as key=value on stderr; a slow reader of the log never waits us out.

What a value says may come from a stranger: it is quoted as JSON, so a line stays one line.
"""

import contextlib
import json
import os
import re
import sys
import time
from select import PIPE_BUF
from typing import Final

from troubleshooter_agent.contract import format_time
from troubleshooter_agent.outlet import own

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:+@-]+")


class Log:
    """Writes to a descriptor that is reopened without blocking; what does not fit is dropped and counted."""

    def __init__(self, fd: int | None = None) -> None:
        self._fd = _stderr() if fd is None else fd
        self.dropped = 0

    def event(self, event: str, **values: object) -> None:
        """One line: when, what, and the values."""
        words = {"time": format_time(time.time()), "event": event, **values}
        line = " ".join(f"{key}={_value(value)}" for key, value in words.items())
        try:
            os.write(self._fd, line.encode()[: PIPE_BUF - 1] + b"\n")  # whole or not at all
        except OSError:  # BlockingIOError too
            self.dropped += 1


def _stderr() -> int:
    fd = sys.stderr.fileno()
    with contextlib.suppress(OSError):  # then as it is
        return own(fd, os.O_WRONLY | os.O_APPEND)
    return fd


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
