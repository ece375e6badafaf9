"""A person's terminal that is read as fast as it can be, by a program that wants to measure nothing else."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ptyprocess

READ_BYTES = 1 << 16
SIZE = (30, 100)  # rows, columns
PATIENCE = 120.0


@dataclass(frozen=True)
class Drained:
    """What a terminal showed to its end: bytes, and the seconds from the first of them to the end."""

    content_bytes: int
    seconds: float

    @property
    def megabytes_a_second(self) -> float:
        return self.content_bytes / self.seconds / 1e6


class Window:
    """A program on a real terminal of its own."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.began = time.monotonic()
        self._spawned = ptyprocess.PtyProcess.spawn(list(command), env=dict(environment), dimensions=SIZE)
        self.fd: int = self._spawned.fd
        self.pid: int = self._spawned.pid

    def read(self, patience: float = PATIENCE) -> bytes:
        """What is shown next; empty at the end; AssertionError when nothing comes."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        assert poll.poll(patience * 1000), f"the terminal showed nothing for {patience:g} s"
        try:
            return os.read(self.fd, READ_BYTES)
        except OSError:  # EIO: nobody has the terminal any more
            return b""

    def read_until(self, text: bytes) -> None:
        """Read until what was shown ends with `text`."""
        shown = b""
        while not shown.endswith(text):
            content = self.read()
            assert content, f"the program ended without {text!r}: {shown[-500:]!r}"
            shown += content

    def drain(self) -> Drained:
        """Read to the end."""
        count = len(self.read())
        began = time.monotonic()
        with contextlib.suppress(OSError):  # EIO, as above; no poll, which would slow us down
            while content := os.read(self.fd, READ_BYTES):
                count += len(content)
        return Drained(count, time.monotonic() - began)

    def press(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def end_with(self, keys: bytes) -> None:
        """Press what ends the program, and see it end: a session whose window is closed goes on."""
        self.press(keys)
        self.drain()
        self.wait()

    def wait(self) -> None:
        """See the program end, which has shown all."""
        self._let_go()
        os.waitpid(self.pid, 0)

    def close(self) -> None:
        """Close the window, whatever runs in it."""
        self._let_go()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _let_go(self) -> None:
        """Through its spawner's object, which would close the number again when it is collected."""
        self._spawned.fileobj.close()
        self._spawned.closed = True
