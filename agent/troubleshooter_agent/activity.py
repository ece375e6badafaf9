"""The idle rule: since when a toolbox has been idle; pure, called by PID 1 at every tick.

The clock starts when the toolbox is ready. It starts again when a session opens, at each key press, and
while running work is in the foreground, but that for half an hour after the last key at most. Output is
never activity: `tail -f` on a desk that its owner has left would keep a toolbox for ever.
All times are seconds of CLOCK_BOOTTIME, which goes on while a machine sleeps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

WORK_BOUND_SECONDS: Final = 1800.0


@dataclass(frozen=True)
class SessionActivity:
    """What happened in one session, ended or not.

    `last_working` is when running work was last seen; a command without a terminal is work until it ends.
    """

    opened_at: float
    last_key: float | None = None
    last_working: float | None = None


@dataclass
class ReadingActivity:
    """The readings in a replay, of which each keeps it for as long as it runs; its life time bounds them.

    `last` is when somebody last read.
    """

    running: int = 0
    last: float | None = None

    def look(self, now: float) -> None:
        """Time has passed."""
        if self.running:
            self.last = now

    def began(self, now: float) -> None:
        self.running += 1
        self.last = now

    def ended(self, now: float) -> None:
        self.running -= 1
        self.last = now


def last_activity(
    sessions: Iterable[SessionActivity], *, work_bound: float = WORK_BOUND_SECONDS
) -> float | None:
    """When somebody last did something; None if no session was ever opened.

    Give ended sessions too: a key press counts no less because its session ended after it.
    """
    return max((_last_activity(session, work_bound) for session in sessions), default=None)


def idle_since(
    *, ready_at: float, sessions: Iterable[SessionActivity], work_bound: float = WORK_BOUND_SECONDS
) -> float:
    """Since when the toolbox has been idle; later than `ready_at` only through a session."""
    last = last_activity(sessions, work_bound=work_bound)
    return ready_at if last is None else max(ready_at, last)


def _last_activity(session: SessionActivity, work_bound: float) -> float:
    by_hand = session.opened_at if session.last_key is None else max(session.opened_at, session.last_key)
    if session.last_working is None:
        return by_hand
    return max(by_hand, min(session.last_working, by_hand + work_bound))
