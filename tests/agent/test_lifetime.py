"""When a toolbox ends and when that is announced: the rule on a time axis, in seconds."""

import pytest

from troubleshooter_agent.contract import EndReason
from troubleshooter_agent.lifetime import (
    Deadline,
    Warned,
    deadlines,
    next_warning,
    warning_due,
    warning_text,
)

IDLE = EndReason.IDLE_TIMEOUT
LIFE = EndReason.TIME_TO_LIVE_REACHED


@pytest.mark.parametrize(
    ("idle_since", "order"),
    [
        (None, [(LIFE, 3700)]),  # before it is ready nobody can be idle
        (200.0, [(IDLE, 1100), (LIFE, 3700)]),
        (3500.0, [(LIFE, 3700), (IDLE, 4400)]),
        (2800.0, [(LIFE, 3700), (IDLE, 3700)]),  # at the same instant it is the life that is over
    ],
)
def test_nearest_deadline_comes_first(idle_since: float | None, order: list[tuple[EndReason, float]]) -> None:
    found = deadlines(started=100.0, time_to_live=3600, idle_since=idle_since, idle_timeout=900)
    assert [(deadline.reason, deadline.at) for deadline in found] == order


@pytest.mark.parametrize(
    ("reason", "length", "why"),
    [(IDLE, 900, "idle for 15m"), (LIFE, 5400, "time to live of 1h30m reached")],
)
def test_reason_in_words(reason: EndReason, length: float, why: str) -> None:
    assert Deadline(0, reason, length).why == why


@pytest.mark.parametrize(
    ("length", "before"),
    [
        (3600, [300, 60, 10]),
        (900, [300, 60, 10]),
        (601, [300, 60, 10]),
        (600, [60, 10]),
        (60, [10]),
        (21, [10]),
        (20, []),
        (5, []),
    ],
)
def test_warnings_are_those_below_half_of_the_time_out(length: float, before: list[float]) -> None:
    """Every second of the way: each warning once, at its instant or at the next look."""
    deadline = Deadline(length, IDLE, length)
    given: list[Warned] = []
    for now in range(int(length) + 2):
        due = warning_due(deadline, now, given)
        if due is not None:
            assert deadline.at - now == due.before
            given.append(due)
    assert [warned.before for warned in given] == before


def test_late_look_gives_only_the_warning_that_is_still_true() -> None:
    deadline = Deadline(3600, IDLE, 3600)
    due = warning_due(deadline, 3560, [])
    assert due is not None
    assert due.before == 60


def test_warning_is_given_again_for_a_new_deadline() -> None:
    """After a key press the idle clock has started again, and with it the warnings."""
    given = [Warned(Deadline(900, IDLE, 900), 10)]
    assert warning_due(Deadline(900, IDLE, 900), 895, given) is None
    assert warning_due(Deadline(1800, IDLE, 900), 1795, given) == Warned(Deadline(1800, IDLE, 900), 10)


@pytest.mark.parametrize(
    ("now", "at"), [(0, 600), (600, 840), (850, 890), (890, 900), (895, 900), (950, 900)]
)
def test_next_look_is_the_next_warning_or_the_end(now: float, at: float) -> None:
    assert next_warning(Deadline(900, IDLE, 900), now) == at


def test_warnings_say_what_to_do() -> None:
    idle = warning_text(Warned(Deadline(0, IDLE, 900), 60))
    life = warning_text(Warned(Deadline(0, LIFE, 3600), 300))
    assert idle == "idle: this toolbox ends in 1m; press any key to keep it"
    assert life == (
        "this toolbox ends in 5m, its time to live of 1h is nearly over; "
        "finish what you are doing, or raise spec.timeToLive (2h at most)"
    )
