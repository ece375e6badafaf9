"""The sessions of a run, from what their recorders report."""

from typing import Any

import pytest

from troubleshooter_agent.contract import SessionReport
from troubleshooter_agent.sessions import Sessions
from troubleshooter_agent.summary import Summary, next_chain

# echo -n abc | sha256sum, echo -n def | sha256sum
FIRST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
SECOND = "cb8379ac2098aa165029e3938a51da0bcecfc008fd6795f401178647f96c5b34"


def opened(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:08d}",
        "user": "alice",
        "file": f"shop/box/{number}.cast",
        "at": 1795372803.0 + number,
    }


def summary(number: int, sha256: str | None = FIRST, length: int = 100) -> Summary:
    return Summary(
        id=f"{number:08d}",
        user="alice",
        verified=False,
        run=1,
        startedAt="2026-11-22T18:40:03Z",
        endedAt="2026-11-22T18:41:03Z",
        exitCode=0,
        why="exit status 0",
        bytes=length,
        sha256=sha256,
        file=f"shop/box/{number}.cast",
    )


def test_running_session_is_reported_without_an_end() -> None:
    sessions = Sessions()
    sessions.opened(opened(1), 50.0)
    sessions.heard("00000001", {"bytes": 812})
    assert sessions.newest_first() == [
        SessionReport(
            id="00000001",
            user="alice",
            startedAt="2026-11-22T18:40:04Z",
            endedAt=None,
            exitCode=None,
            bytes=812,
            sha256=None,
            file="shop/box/1.cast",
        )
    ]


def test_newest_comes_first_and_running_before_ended() -> None:
    sessions = Sessions()
    for number in (1, 2, 3, 4):
        sessions.opened(opened(number), 50.0)
    for number in (3, 1):
        sessions.done(summary(number), None)
    assert [report["id"] for report in sessions.newest_first()] == [
        "00000004",
        "00000002",
        "00000001",
        "00000003",
    ]


def test_status_tells_of_fifty_sessions_and_counts_all() -> None:
    sessions = Sessions()
    for number in range(60):
        sessions.opened(opened(number), 50.0)
        sessions.done(summary(number), None)
    assert [report["id"] for report in sessions.newest_first()] == [f"{n:08d}" for n in range(59, 9, -1)]
    assert (sessions.count, sessions.recorded_bytes) == (60, 6000)


def test_chain_is_over_the_texts_of_the_previous_and_of_the_file() -> None:
    """Literals of sha256sum over the texts put together, in the order of the ends."""
    # echo -n ba78...15ad | sha256sum, and over that followed by cb83...5b34
    after_first = "dfe7a23fefeea519e9bbfdd1a6be94c4b2e4529dd6b7cbea83f9959c2621b13c"
    after_second = "9543f263b3f574b2fbf3c1172d259053d26c424afa45c1bb35f6019a37790a58"
    assert next_chain("", FIRST) == after_first
    assert next_chain(after_first, SECOND) == after_second
    sessions = Sessions()
    sessions.done(summary(1, FIRST), None)
    sessions.done(summary(2, None), "recorder-died")  # of which nobody knows what was in it
    sessions.done(summary(3, SECOND), None)
    assert sessions.chain == after_second


@pytest.mark.parametrize("first", [True, False])
def test_times_of_a_session_only_ever_grow(*, first: bool) -> None:
    """A report that was overtaken by a later one takes nothing back."""
    sessions = Sessions()
    sessions.opened(opened(1), 50.0)
    messages = [{"key": 60.0}, {"key": 70.0}]
    for message in messages if first else reversed(messages):
        sessions.heard("00000001", message)
    assert sessions.open["00000001"].last_key == 70.0


def test_word_of_an_unknown_session_is_passed_over() -> None:
    sessions = Sessions()
    sessions.heard("00000009", {"key": 60.0})
    assert sessions.activities() == []


def test_key_of_a_session_that_has_ended_counts_on() -> None:
    sessions = Sessions()
    sessions.opened(opened(1), 50.0)
    sessions.heard("00000001", {"key": 60.0, "working": 55.0})
    sessions.done(summary(1), None)
    (past,) = sessions.activities()
    assert (past.opened_at, past.last_key, past.last_working, past.active) == (50.0, 60.0, 55.0, False)


def test_failure_is_counted_by_its_kind() -> None:
    sessions = Sessions()
    for number, kind in enumerate(("no-space", None, "no-space", "io")):
        sessions.done(summary(number), kind)
    assert dict(sessions.failures) == {"no-space": 2, "io": 1}


def test_session_whose_recorder_died_before_it_said_a_word_is_counted() -> None:
    sessions = Sessions()
    sessions.done(summary(1, None, 0), "recorder-died")
    assert sessions.count == 1
    assert len(sessions.newest_first()) == 1
