"""How much of a session is recorded: its size, its rate, and the room that the volume must keep; pure.

The writer asks before each batch. What a rate or the volume's room leaves out is still shown, and a marker
tells its exact number of bytes; a session whose recording has reached its size ends.
"""

from dataclasses import dataclass, field
from typing import Final

RATE: Final = "rate limit"
FLOOR: Final = "the volume has little space left"
_NEVER: Final = 1 << 62


@dataclass(frozen=True)
class Room:
    """Bytes of a volume: what it holds at most, and what of that is free."""

    total: int
    free: int


UNKNOWN: Final = Room(0, 0)


@dataclass(frozen=True)
class Limits:
    """Bytes of the cast, and bytes a second; the defaults suit a volume of 1 GiB.

    Below `floor` only a trickle is recorded, so that no flood takes the last room from everybody's
    sessions. A volume that is less than eight times as large as its floor has none.
    """

    size: int = 512 << 20
    burst: int = 128 << 20
    rate: int = 1 << 20
    floor: int = 32 << 20
    trickle_burst: int = 256 << 10
    trickle: int = 16 << 10

    def is_scarce(self, room: Room) -> bool:
        return room.free < self.floor and room.total >= 8 * self.floor


DEFAULT: Final = Limits()
UNLIMITED: Final = Limits(size=_NEVER, burst=_NEVER, rate=_NEVER, floor=0)


@dataclass
class Bucket:
    """A token bucket: `level` bytes may pass at `at`, in seconds; it may be overdrawn by one batch."""

    burst: int
    rate: int
    level: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.level = float(self.burst)

    def is_empty(self, now: float) -> bool:
        """Whether nothing may pass at `now`; a clock that went back fills nothing."""
        if self.at is not None:
            self.level = min(self.burst, self.level + self.rate * max(0.0, now - self.at))
        self.at = now
        return self.level <= 0

    def take(self, size: int) -> None:
        self.level -= size


class Meter:
    """What one session may still write."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._flood = Bucket(limits.burst, limits.rate)
        self._trickle = Bucket(limits.trickle_burst, limits.trickle)

    def refuses(self, now: float, room: Room) -> str | None:
        """Why the next batch is left out, in the words of its marker; None if it is to be recorded."""
        is_trickle_spent = self._trickle.is_empty(now)
        if self._flood.is_empty(now):
            return RATE
        return FLOOR if is_trickle_spent and self.limits.is_scarce(room) else None

    def take(self, size: int, room: Room) -> None:
        """Count `size` bytes of lines that were written."""
        self._flood.take(size)
        if self.limits.is_scarce(room):
            self._trickle.take(size)


def left_out(size: int, why: str) -> str:
    """The marker's text."""
    return f"{size} bytes left out: {why}"
