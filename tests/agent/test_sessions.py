"""The sessions of a run, from what their recorders report."""

import json
import subprocess
from typing import Any

import pytest
from processes import wait_for

from agent import RunningAgent
from troubleshooter_agent.contract import SessionReport
from troubleshooter_agent.effort import Effort, Timing
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
        "terminal": True,
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
    assert (past.opened_at, past.last_key, past.last_working) == (50.0, 60.0, 55.0)


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


# With a real agent.


def sha256sum(content: bytes) -> str:
    result = subprocess.run(["sha256sum"], input=content, capture_output=True, check=True)
    return result.stdout.decode().split()[0]


def test_status_of_a_running_toolbox_agrees_with_what_is_on_the_volume(agent: RunningAgent) -> None:
    """Names, hashes and chain, worked out from the files by another program."""
    for number in range(3):
        agent.run(f"--user=user{number}", "-c", f"echo {number}; exit {number}")
    with agent.bash("--user=late"):
        status = wait_for(lambda: running(agent, 1), "the status of an open session")
    assert set(status) == {
        "agentVersion", "startedAt", "expiresAt", "idleSince", "lastActivityAt", "timeToLiveSeconds",
        "idleTimeoutSeconds", "ready", "wantedTimeToLive", "end", "sessionsActive", "sessionCount",
        "recordedBytes", "recordingFailures", "chain", "sessions",
    }  # fmt: skip
    late, *ended = status["sessions"]
    assert set(late) == {"id", "user", "startedAt", "endedAt", "exitCode", "bytes", "sha256", "file"}
    assert (late["user"], late["endedAt"], late["exitCode"], late["sha256"]) == ("late", None, None, None)
    assert [(each["user"], each["exitCode"]) for each in ended] == [("user2", 2), ("user1", 1), ("user0", 0)]
    chain = ""
    for session in reversed(ended):
        content = (agent.recordings / session["file"]).read_bytes()
        assert (session["bytes"], session["sha256"]) == (len(content), sha256sum(content))
        chain = sha256sum((chain + session["sha256"]).encode())
    assert status["chain"] == chain
    assert (status["sessionCount"], status["recordingFailures"]) == (4, 0)
    assert status["recordedBytes"] == sum(session["bytes"] for session in status["sessions"])


def running(agent: RunningAgent, number: int) -> dict[str, Any] | None:
    status = agent.status()
    return status if status["sessionsActive"] == number and status["sessions"][0]["bytes"] else None


def test_index_lists_the_sessions_of_the_folder_in_the_order_of_their_ends(agent: RunningAgent) -> None:
    with agent.bash("--user=long") as shell:
        agent.run("--user=short", "-c", "exit 3")
        shell.sendline("exit 4")
        assert shell.wait() == 4
    (index,) = agent.recordings.rglob("index.jsonl")
    lines = [json.loads(line) for line in index.read_text().splitlines()]
    assert [(line["user"], line["exitCode"]) for line in lines] == [("short", 3), ("long", 4)]
    assert sorted(lines, key=lambda line: str(line["id"])) == sorted(
        agent.summaries(), key=lambda summary: str(summary["id"])
    )
    assert set(lines[0]) == {
        "id", "user", "verified", "run", "startedAt", "endedAt", "exitCode", "why", "bytes", "sha256", "file",
        "repaired", "leftOut", "transfer", "failure",
    }  # fmt: skip


def test_session_that_was_active_last_says_it_all() -> None:
    """However many there were: PID 1 asks at every turn."""
    sessions = Sessions()
    for number, key in enumerate((60.0, 90.0, 70.0)):
        sessions.opened(opened(number), 50.0)
        sessions.heard(f"{number:08d}", {"key": key})
        sessions.done(summary(number), None)
    assert [activity.last_key for activity in sessions.activities()] == [90.0]
    sessions.opened(opened(9), 95.0)
    assert [activity.opened_at for activity in sessions.activities()] == [95.0]
    sessions.opened(opened(10), 96.0)
    sessions.heard("00000009", {"working": 99.0})
    assert [activity.last_working for activity in sessions.activities()] == [99.0]
    sessions.heard("00000010", {"key": 120.0})
    assert [activity.last_key for activity in sessions.activities()] == [120.0]
    sessions.done(summary(10), None)
    assert [activity.last_key for activity in sessions.activities()] == [120.0]


def test_effort_of_open_and_ended_sessions_adds_up() -> None:
    sessions = Sessions()
    for number in (1, 2):
        sessions.opened(opened(number), 100.0)
        told = {"events": 10 * number, "writes": [number, 0.5], "syncs": [1, 0.25]}
        sessions.heard(f"{number:08}", {"effort": told})
    sessions.done(summary(1), None)
    assert sessions.effort == Effort(30, Timing(3, 1.0), Timing(2, 0.5))
