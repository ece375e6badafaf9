"""What recording has cost a session so far: its events, and the time its writes and syncs took; no effects.

Recorder and syncer count, PID 1 adds up, the reporter tells it as metrics.
"""

from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class Timing:
    """How often something was done, and how many seconds that took in all."""

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.seconds += seconds

    def __add__(self, other: Self) -> "Timing":
        return Timing(self.count + other.count, self.seconds + other.seconds)


@dataclass
class Effort:
    """`events` are lines of casts, headers not among them."""

    events: int = 0
    writes: Timing = field(default_factory=Timing)
    syncs: Timing = field(default_factory=Timing)

    def __add__(self, other: Self) -> "Effort":
        return Effort(self.events + other.events, self.writes + other.writes, self.syncs + other.syncs)

    def to_dict(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "writes": [self.writes.count, self.writes.seconds],
            "syncs": [self.syncs.count, self.syncs.seconds],
        }

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Self:
        """What `to_dict` gave, of a recorder that is trusted no further than its own numbers."""
        return cls(told["events"], Timing(*told["writes"]), Timing(*told["syncs"]))
