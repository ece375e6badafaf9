"""Copies the person's standard input to a program, so that what is uploaded can be counted on its way.

Used by the relay for an upload alone: any other program reads the person's input by itself.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from troubleshooter_agent.inlet import read_now
from troubleshooter_agent.loop import READ, WRITE, Loop


@dataclass
class Feed:
    """From `source` to `target`, both non-blocking; `passed` gets each piece that the program has taken."""

    source: int
    target: int
    passed: Callable[[bytes], None]
    _pending: bytearray = field(default_factory=bytearray)
    _is_open: bool = True

    def update_interest(self, loop: Loop) -> None:
        """Watch the side that is waited for; a file can always be read, and cannot be watched."""
        if not self._is_open:
            return
        waits = bool(self._pending) or not _can_be_watched(self.source)
        if not waits:
            loop.want(self.source, READ, lambda _: self._read(loop))
        else:
            loop.forget(self.source)
        loop.want(self.target, WRITE if waits else 0, lambda _: self._write(loop))

    def _read(self, loop: Loop) -> None:
        content = read_now(self.source)
        if content is None:
            return
        self._pending += content
        if not content:
            self._close(loop)

    def _write(self, loop: Loop) -> None:
        if not self._pending:
            self._read(loop)
        try:
            while self._pending:
                count = os.write(self.target, self._pending)
                self.passed(bytes(self._pending[:count]))
                del self._pending[:count]
        except BlockingIOError:
            return
        except OSError:  # the program reads no more
            self._close(loop)

    def _close(self, loop: Loop) -> None:
        self._is_open = False
        loop.forget(self.source)
        loop.release(self.target)
        os.close(self.target)


def _can_be_watched(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)
