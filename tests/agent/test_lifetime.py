"""When a toolbox ends and when that is announced: the rule on a time axis, in seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        "this toolbox ends in 5m, its time to live of 1h is nearly over; ask for more with: shell extend 15m"
    )


LENGTHS = st.integers(min_value=1, max_value=7200).map(float)
STEPS = st.lists(st.floats(min_value=0.01, max_value=900.0), min_size=1, max_size=60)


def look(deadline: Deadline, instants: list[float], given_before: list[Warned]) -> list[Warned]:
    """The warnings that looks at such instants give, as PID 1 keeps them: the last one only."""
    found: list[Warned] = []
    last = given_before
    for now in instants:
        due = warning_due(deadline, now, last)
        if due is not None:
            found.append(due)
            last = [due]
    return found


def instants_of(start: float, steps: list[float]) -> list[float]:
    """Looks at uneven intervals, as after a suspended or overloaded machine."""
    found = [start]
    for step in steps:
        found.append(found[-1] + step)
    return found


@given(length=LENGTHS, steps=STEPS)
def test_no_warning_is_given_twice_too_early_or_afterwards(length: float, steps: list[float]) -> None:
    deadline = Deadline(length, LIFE, length)
    warnings = look(deadline, instants_of(0.0, steps), [])
    before = [warned.before for warned in warnings]
    assert before == sorted(set(before), reverse=True)
    assert all(seconds < length / 2 for seconds in before)
    assert set(before) <= {300.0, 60.0, 10.0}


@given(length=LENGTHS)
def test_looks_at_the_told_instants_give_every_warning_at_its_instant(length: float) -> None:
    deadline = Deadline(length, LIFE, length)
    now = 0.0
    given_so_far: list[Warned] = []
    while now < deadline.at:
        due = warning_due(deadline, now, given_so_far)
        if due is not None:
            assert now == deadline.at - due.before
            given_so_far.append(due)
        assert next_warning(deadline, now) > now
        now = next_warning(deadline, now)
    assert [warned.before for warned in given_so_far] == [
        before for before in (300.0, 60.0, 10.0) if before < length / 2
    ]


@given(length=LENGTHS, extension=st.floats(min_value=1.0, max_value=7200.0), steps=STEPS)
def test_extended_deadline_warns_again(length: float, extension: float, steps: list[float]) -> None:
    """What was said of the old instant is not taken for what is to be said of the new one."""
    old = Deadline(length, LIFE, length)
    said = look(old, instants_of(0.0, steps), [])
    new = Deadline(length + extension, LIFE, length + extension)
    start = new.at - max((before for before in (300.0, 60.0, 10.0) if before < new.length / 2), default=0.0)
    again = look(new, [instant for instant in (start, new.at - 10.0) if instant < new.at], said[-1:])
    assert [warned.before for warned in again] == sorted(
        {
            before
            for before in (300.0, 60.0, 10.0)
            if before < new.length / 2 and before in {new.at - start, 10.0}
        },
        reverse=True,
    )


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (600.0, 300.0),  # to the second
        (890.0, 10.0),  # suspended from the start to 10 s before the end
        (899.9, 10.0),
        (900.0, None),  # slept through it: the end itself is due
        (50000.0, None),
        (-50000.0, None),  # a clock that went back
    ],
)
def test_first_look_after_a_jump_of_the_clock(now: float, before: float | None) -> None:
    due = warning_due(Deadline(900.0, IDLE, 900.0), now, [])
    assert (due.before if due else None) == before
