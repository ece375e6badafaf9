"""A person at a real terminal: a program in a pty of a given size, typed at, looked at, left in every way."""

import contextlib
import io
import os
import re
import signal
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import pexpect

TIMEOUT_SECONDS = 20.0
SHOWN_ON_FAILURE = 2000


class Terminal:
    """`shown` is every byte that the terminal was given to show, in order."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cols: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._log = io.BytesIO()
        self._child = pexpect.spawn(
            command[0], list(command[1:]), dimensions=(rows, cols), env=env, timeout=timeout, logfile=None
        )
        self._child.logfile_read = self._log
        self._child.delaybeforesend = None

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    @property
    def shown(self) -> bytes:
        return self._log.getvalue()

    def expect(self, text: str | re.Pattern[str], timeout: float | None = None) -> str:
        """Read until the text, or a match of the pattern, is shown; what was shown before it."""
        wanted = re.escape(text.encode()) if isinstance(text, str) else text.pattern.encode()
        seconds = self._child.timeout if timeout is None else timeout
        try:
            self._child.expect(wanted, timeout=seconds)
        except pexpect.TIMEOUT:
            raise AssertionError(f"no {text!r} within {seconds:g} s; shown: {self._end()}") from None
        except pexpect.EOF:
            raise AssertionError(f"the program ended without {text!r}; shown: {self._end()}") from None
        return str(self._child.before.decode(errors="replace"))

    @property
    def match(self) -> re.Match[bytes]:
        """The match of the last `expect`."""
        found: re.Match[bytes] = self._child.match
        return found

    def listen(self, seconds: float = 0.0) -> bytes:
        """Read on until nothing has come for so long; all that was ever shown. `expect` does not see it."""
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            while True:
                self._child.read_nonblocking(1 << 16, timeout=seconds)
        return self.shown

    def send(self, keys: str | bytes) -> None:
        """Press keys; nothing is added to them."""
        self._child.send(keys)

    def sendline(self, line: str = "") -> None:
        """Type a line and press Enter, which sends a carriage return."""
        self._child.send(f"{line}\r")

    def resize(self, cols: int, rows: int) -> None:
        """Give the window another size, as a person with a mouse does: the program gets SIGWINCH."""
        self._child.setwinsize(rows, cols)

    def wait(self, timeout: float | None = None) -> int:
        """Read to the end; the exit status, or minus the number of the signal that ended the program."""
        seconds = self._child.timeout if timeout is None else timeout
        try:
            self._child.expect(pexpect.EOF, timeout=seconds)
        except pexpect.TIMEOUT:
            raise AssertionError(f"no end within {seconds:g} s; shown: {self._end()}") from None
        self._child.close()
        if self._child.exitstatus is not None:
            return int(self._child.exitstatus)
        return -int(self._child.signalstatus)

    def kill(self) -> None:
        """End the program as a crash does: with SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def _end(self) -> str:
        return repr(self.shown[-SHOWN_ON_FAILURE:].decode(errors="replace"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._child.close(force=True)
