"""How a recorder ends what its session runs: a hang-up, then a kill for what ignores it; used by `relay`."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from troubleshooter_agent import process

KILL_SECONDS: Final = 5.0  # from the hang-up to SIGKILL
KILL_SECONDS_UNRECORDED: Final = 0.5


@dataclass
class HangUp:
    """`clock` gives seconds; nothing happens before `begin`."""

    clock: Callable[[], float]
    kill_at: float | None = None

    @property
    def has_begun(self) -> bool:
        return self.kill_at is not None

    def begin(self, grace: float) -> None:
        """Hang up on the program and all it started; SIGCONT, since a stopped process cannot hear."""
        if self.kill_at is None:
            self.kill_at = self.clock() + grace
            process.signal_all(process.descendants(os.getpid()), signal.SIGHUP, signal.SIGCONT)

    def look(self) -> None:
        """Kill what is left once its time is over."""
        if self.kill_at is not None and self.clock() >= self.kill_at:
            process.kill_descendants(os.getpid())
