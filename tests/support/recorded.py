"""The person in a recorded session of an agent under test, and a program that a test steers in one."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from processes import child_of, wait_for
from terminal import Terminal

PUPPET = Path(__file__).with_name("puppet.py")
# A prompt that does not differ between machines.
BASHRC = "PS1='$ '\nbind 'set enable-bracketed-paste off'\nunset HISTFILE\n"


class Shell(Terminal):
    """A recorded session on a real terminal; `pid` is that of nsenter, which waits for the client."""

    @property
    def client(self) -> int:
        """The client's number outside of the namespace."""
        client: int = wait_for(lambda: child_of(self.pid), "the client")
        return client

    @property
    def master(self) -> int:
        """The person's side of the terminal, for what needs neither patterns nor patience."""
        return int(self._child.child_fd)

    def prompt(self) -> str:
        """What was shown before the next prompt."""
        return self.expect("$ ")

    def type(self, line: str) -> str:
        """Type a line at the prompt; what the program printed, without the echoed line."""
        self.sendline(line)
        self.expect("\r\n")
        return self.prompt()

    def close(self) -> None:
        """Close the window."""
        self._child.close(force=True)

    def drain(self) -> bytes:
        """All that is still shown, up to the end; faster than patterns are."""
        shown = bytearray()
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal any more
            while content := os.read(self.master, 1 << 16):
                shown += content
        return bytes(shown)


@dataclass
class Puppet:
    """A program on a recorded terminal that prints what it is told to (see puppet.py)."""

    shell: Shell
    report: Path

    @property
    def reported(self) -> list[str]:
        return self.report.read_text().split()

    def order(self, order: str) -> None:
        """Returns once it is done."""
        done = self.reported.count("done")
        self.shell.send(f"{order}\n")
        wait_for(lambda: self.reported.count("done") > done, f"the end of {order!r}")

    def write(self, content: bytes) -> None:
        self.order(f"write {content.hex()}")


@contextlib.contextmanager
def read_apart(recorder: int) -> Iterator[None]:
    """What is printed in the block is read before anything that comes after it."""
    before = _read_by(recorder)
    yield
    wait_for(lambda: _read_by(recorder) > before, "the recorder's next read")


def _read_by(recorder: int) -> int:
    """How many bytes a recorder has read so far."""
    counters = dict(line.split(": ") for line in Path(f"/proc/{recorder}/io").read_text().splitlines())
    return int(counters["rchar"])
