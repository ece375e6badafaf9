"""The idle rule, as a table: ready, opened, keys, running work; output is not even asked for."""

import pytest

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
