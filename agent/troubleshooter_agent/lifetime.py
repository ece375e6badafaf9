"""When a toolbox ends, and when that is announced; pure. All times are seconds of CLOCK_BOOTTIME."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.contract import EndReason, format_duration

WARNINGS: Final = (300.0, 60.0, 10.0)  # seconds before the end; those below half of the time-out only


@dataclass(frozen=True)
class Deadline:
    """The instant at which the toolbox ends, and why; `length` is the time-out that leads to it."""

    at: float
    reason: EndReason
    length: float

    @property
    def why(self) -> str:
        """The reason in words, as the last marker of a recording says it."""
        length = format_duration(self.length)
        return (
            f"idle for {length}"
            if self.reason is EndReason.IDLE_TIMEOUT
            else f"time to live of {length} reached"
        )


@dataclass(frozen=True)
class Warned:
    """A warning that was given: for which deadline, and how many seconds before it."""

    deadline: Deadline
    before: float


def deadlines(
    *, started: float, time_to_live: float, idle_since: float | None, idle_timeout: float
) -> tuple[Deadline, ...]:
    """Both deadlines, the nearest first; before the toolbox is ready there is no idle clock."""
    life = Deadline(started + time_to_live, EndReason.TIME_TO_LIVE_REACHED, time_to_live)
    if idle_since is None:
        return (life,)
    idle = Deadline(idle_since + idle_timeout, EndReason.IDLE_TIMEOUT, idle_timeout)
    return (idle, life) if idle.at < life.at else (life, idle)


def warning_due(deadline: Deadline, now: float, given: Iterable[Warned]) -> Warned | None:
    """The warning to give now, if one is due that was not given for this very deadline."""
    due = [before for before in WARNINGS if before < deadline.length / 2 and deadline.at - now <= before]
    if not due or now >= deadline.at:
        return None
    warned = Warned(deadline, min(due))
    return None if warned in given else warned


def next_warning(deadline: Deadline, now: float) -> float:
    """When to look again: the next warning, or the deadline itself."""
    instants = [deadline.at - before for before in WARNINGS if before < deadline.length / 2]
    return min((instant for instant in instants if instant > now), default=deadline.at)


def warning_text(warned: Warned, *, is_replay: bool = False) -> str:
    """What a person reads, with what to do about it."""
    left = format_duration(warned.before)
    length = format_duration(warned.deadline.length)
    if warned.deadline.reason is EndReason.IDLE_TIMEOUT:
        return f"idle: this toolbox ends in {left}; press any key to keep it"
    if is_replay:
        return f"this replay ends in {left}, its time to live of {length} is nearly over; make another then"
    return (
        f"this toolbox ends in {left}, its time to live of {length} is nearly over; "
        "ask for more with: shell extend 15m"
    )
