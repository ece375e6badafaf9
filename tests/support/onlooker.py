"""People who look at recorded sessions, several at once, and know when they saw what.

What they were shown is what the recording must hold, so nothing is dropped, and nothing is read later
than it came.
"""

import os
import re
import select
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from processes import PATIENCE, wait_for
from recorded import Shell

CHUNK = 1 << 18
# What the client itself says, when no recorder can: the agent is gone, the recorder died. Or nsenter, which
# finds no namespace any more.
LAST_WORDS = re.compile(rb"(?:troubleshooter|nsenter): [^\n]*\n\Z")


@dataclass
class Onlooker:
    """One person at one session; `sights` are instants (time.time) and how many bytes were shown by then."""

    user: str
    session: Shell | subprocess.Popen[bytes]
    shown: bytearray = field(default_factory=bytearray)
    sights: list[tuple[float, int]] = field(default_factory=list)
    is_over: bool = False

    @property
    def fd(self) -> int:
        if isinstance(self.session, Shell):
            return self.session.master
        assert self.session.stdout
        return self.session.stdout.fileno()

    def look(self) -> None:
        """Take in what is there."""
        try:
            content = os.read(self.fd, CHUNK)
        except OSError:  # EIO: nobody has the terminal any more
            content = b""
        self.shown += content
        self.sights.append((time.time(), len(self.shown)))
        self.is_over = not content

    def relayed(self) -> bytes:
        """What the recorder let through, without what the client said after it."""
        return LAST_WORDS.sub(b"", bytes(self.shown))

    def time_of(self, count: int) -> float:
        """When more than `count` bytes had been shown; infinity if that never was so."""
        return next((instant for instant, total in self.sights if total > count), float("inf"))

    def leave(self) -> None:
        """Close the window, and reap what ran in it."""
        if isinstance(self.session, Shell):
            self.session.close()
            return
        with self.session:
            self.session.kill()


def watch(onlookers: Sequence[Onlooker], seconds: float) -> None:
    """All of them look until the time is up or nothing more can come."""
    deadline = time.monotonic() + seconds
    while watching := {each.fd: each for each in onlookers if not each.is_over}:
        left = deadline - time.monotonic()
        if left <= 0:
            return
        for fd in select.select(list(watching), [], [], left)[0]:
            watching[fd].look()


def watch_to_the_end(onlookers: Sequence[Onlooker]) -> None:
    """All of them look until nothing more can come."""
    watch(onlookers, PATIENCE)
    wait_for(lambda: all(each.is_over for each in onlookers), "the end of all sessions", 0.1)
