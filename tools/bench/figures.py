"""What is measured, as values: rows with their samples, and whether they reach what is asked; pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

OURS: Final = "troubleshooter"


@dataclass(frozen=True)
class Limit:
    """What a figure has to reach; the median of its samples counts."""

    bound: float
    is_floor: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.is_floor else '≤'} {self.bound:g}"

    def is_reached(self, value: float) -> bool:
        return value >= self.bound if self.is_floor else value <= self.bound


@dataclass(frozen=True)
class Row:
    """One line of the table: a sample a round, in `unit`; no samples where `note` says why there are none."""

    figure: str
    who: str
    unit: str
    samples: tuple[float, ...] = ()
    must: Limit | None = None
    aim: Limit | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """What the median reaches; empty for a peer, and where nothing was measured."""
        if not self.samples or not (self.must or self.aim):
            return ""
        median = statistics.median(self.samples)
        if self.aim and self.aim.is_reached(median):
            return "aim"
        if self.must is None:
            return "below the aim"
        return "must" if self.must.is_reached(median) else "**missed**"


def at_least(bound: float) -> Limit:
    return Limit(bound, is_floor=True)


def at_most(bound: float) -> Limit:
    return Limit(bound)


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that so many percent of them do not exceed."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Round by round, so that what the machine did besides counts on both sides."""
    return tuple(mine / other for mine, other in zip(ours, theirs, strict=True))
