"""The idle rule, as a table: ready, opened, keys, running work; output is not even asked for."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troubleshooter_agent.activity import SessionActivity, idle_since, last_activity


@pytest.mark.parametrize(
    ("sessions", "since"),
    [
        pytest.param([], 100.0, id="nobody came: since it was ready"),
        pytest.param([SessionActivity(500.0)], 500.0, id="opened"),
        pytest.param([SessionActivity(500.0, last_key=620.0)], 620.0, id="key"),
        pytest.param([SessionActivity(500.0, last_key=500.0)], 500.0, id="key at the opening"),
        pytest.param(
            [SessionActivity(500.0, last_key=620.0), SessionActivity(510.0, last_key=600.0)],
            620.0,
            id="latest key of two sessions",
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=620.0), SessionActivity(900.0)], 900.0, id="opened after the key"
        ),
        pytest.param([SessionActivity(500.0, last_key=600.0, last_working=700.0)], 700.0, id="work"),
        pytest.param(
            [SessionActivity(500.0, last_key=700.0, last_working=600.0)], 700.0, id="key after the work"
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=600.0, last_working=2400.0)], 2400.0, id="work at its bound"
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=600.0, last_working=2401.0)], 2400.0, id="work past its bound"
        ),
        pytest.param(
            [SessionActivity(500.0, last_working=9999.0)], 2300.0, id="work without a key: from the opening"
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=600.0, last_working=9999.0), SessionActivity(3000.0)],
            3000.0,
            id="work past its bound beside a new session",
        ),
        pytest.param(
            [
                SessionActivity(500.0, last_key=600.0, last_working=9999.0),
                SessionActivity(500.0, last_key=8000.0),
            ],
            8000.0,
            id="keys elsewhere do not lengthen the bound",
        ),
        pytest.param([SessionActivity(50.0, last_key=60.0)], 100.0, id="before it was ready"),
        pytest.param(
            [SessionActivity(500.0, last_key=500.0, last_working=2000.0)],
            2000.0,
            id="command without a terminal",
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=500.0, last_working=8000.0)],
            2300.0,
            id="command without a terminal that runs for two hours: nobody can press a key in it",
        ),
        pytest.param(
            [
                SessionActivity(500.0, last_key=620.0, last_working=621.0),
                SessionActivity(700.0, last_key=700.0),
            ],
            700.0,
            id="all shells closed: since the last one did something",
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=600.0, last_working=1500.0)],
            1500.0,
            id="detached: its work goes on",
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=600.0, last_working=700.0)],
            700.0,
            id="suspended at 700 for hours: they count as idle",
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=600.0, last_working=30001.0)],
            2400.0,
            id="suspended at 700 for hours, and at work again: the half hour is over",
        ),
        pytest.param(
            [SessionActivity(500.0, last_key=30001.0, last_working=30002.0)],
            30002.0,
            id="suspended for hours, and a key",
        ),
        pytest.param([SessionActivity(500.0, last_key=400.0)], 500.0, id="key that was told late"),
        pytest.param(
            [SessionActivity(500.0, last_key=600.0, last_working=100.0)], 600.0, id="work that was told late"
        ),
    ],
)
def test_idle_clock_starts_at_the_last_activity(sessions: list[SessionActivity], since: float) -> None:
    """Ready at 100; work counts for 1800 s after the last key."""
    assert idle_since(ready_at=100.0, sessions=sessions) == since


def test_session_that_has_ended_counts_like_any_other() -> None:
    """A toolbox is not idle from before its last session."""
    ended = SessionActivity(500.0, last_key=900.0)
    assert idle_since(ready_at=100.0, sessions=[ended, SessionActivity(600.0)]) == 900.0


def test_bound_of_work_can_be_set() -> None:
    """Tests of seconds want a shorter one."""
    working = SessionActivity(500.0, last_key=600.0, last_working=700.0)
    assert idle_since(ready_at=0.0, sessions=[working], work_bound=5.0) == 605.0


def test_without_a_session_there_was_no_activity() -> None:
    """Being ready is none."""
    assert last_activity([]) is None


def test_last_activity_is_of_sessions_alone() -> None:
    """It is told as it was, also before the toolbox was ready."""
    assert last_activity([SessionActivity(50.0, last_key=60.0), SessionActivity(55.0)]) == 60.0


INSTANTS = st.floats(min_value=0.0, max_value=1e7)
ACTIVITIES = st.builds(
    SessionActivity, opened_at=INSTANTS, last_key=st.none() | INSTANTS, last_working=st.none() | INSTANTS
)
BOUND = 1800.0


@given(ready=INSTANTS, sessions=st.lists(ACTIVITIES), further=ACTIVITIES)
def test_further_session_never_starts_the_clock_earlier(
    ready: float, sessions: list[SessionActivity], further: SessionActivity
) -> None:
    assert idle_since(ready_at=ready, sessions=[*sessions, further]) >= idle_since(
        ready_at=ready, sessions=sessions
    )


@given(ready=INSTANTS, session=ACTIVITIES, later=st.floats(min_value=0.0, max_value=1e6))
def test_later_activity_never_starts_the_clock_earlier(
    ready: float, session: SessionActivity, later: float
) -> None:
    since = idle_since(ready_at=ready, sessions=[session])
    for changed in (
        replace(session, opened_at=session.opened_at + later),
        replace(session, last_key=(session.last_key or 0.0) + later),
        replace(session, last_working=(session.last_working or 0.0) + later),
    ):
        assert idle_since(ready_at=ready, sessions=[changed]) >= since


@given(ready=INSTANTS, sessions=st.lists(ACTIVITIES))
def test_clock_starts_when_something_was_told_and_at_no_other_instant(
    ready: float, sessions: list[SessionActivity]
) -> None:
    """Never in the future of all that was told, and never before the toolbox was ready."""
    told = [ready]
    for session in sessions:
        told += [session.opened_at, session.last_key or 0.0, session.last_working or 0.0]
    assert ready <= idle_since(ready_at=ready, sessions=sessions) <= max(told)


@given(session=ACTIVITIES)
def test_work_counts_for_half_an_hour_without_a_key_at_most(session: SessionActivity) -> None:
    by_hand = max(session.opened_at, session.last_key or 0.0)
    assert idle_since(ready_at=0.0, sessions=[session]) <= by_hand + BOUND


@given(ready=INSTANTS, sessions=st.lists(ACTIVITIES, max_size=6), seed=st.randoms())
def test_order_of_sessions_does_not_matter(
    ready: float, sessions: list[SessionActivity], seed: Random
) -> None:
    shuffled = sorted(sessions, key=lambda _: seed.random())
    assert idle_since(ready_at=ready, sessions=sessions) == idle_since(ready_at=ready, sessions=shuffled)
