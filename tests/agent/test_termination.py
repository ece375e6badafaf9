"""The termination message: what the operator learns from a container that has ended."""

import json
from typing import Any

import pytest

from agent import RunningAgent
from troubleshooter_agent.contract import SessionReport, TerminationMessage
from troubleshooter_agent.termination import cut, termination_message


def message(*users: str, sentence: str = "idle for 15m") -> TerminationMessage:
    sessions = [
        SessionReport(
            id=f"{number:08d}",
            user=user,
            startedAt="2026-11-22T18:40:03Z",
            endedAt="2026-11-22T18:41:03Z",
            exitCode=0,
            bytes=1234,
            sha256="0" * 64,
            file=f"shop/box/2026-11-22T18-40-03Z-{number:08d}.cast",
        )
        for number, user in enumerate(users)
    ]
    return TerminationMessage(
        reason="IdleTimeout",
        message=sentence,
        endedAt="2026-11-22T18:41:03Z",
        sessionCount=len(users),
        recordedBytes=5,
        recordingFailures=0,
        chain="f" * 64,
        sessions=sessions,
    )


def parsed(content: bytes) -> dict[str, Any]:
    assert len(content) <= 4000
    found: dict[str, Any] = json.loads(content)
    return found


def test_short_message_is_whole() -> None:
    assert parsed(termination_message(message("alice"))) == {
        "reason": "IdleTimeout",
        "message": "idle for 15m",
        "endedAt": "2026-11-22T18:41:03Z",
        "sessionCount": 1,
        "recordedBytes": 5,
        "recordingFailures": 0,
        "chain": "f" * 64,
        "sessions": [
            {
                "id": "00000000",
                "user": "alice",
                "startedAt": "2026-11-22T18:40:03Z",
                "endedAt": "2026-11-22T18:41:03Z",
                "exitCode": 0,
                "bytes": 1234,
                "sha256": "0" * 64,
                "file": "shop/box/2026-11-22T18-40-03Z-00000000.cast",
            }
        ],
    }


@pytest.mark.parametrize("user", ["alice", "x" * 5000, "\U0001f600" * 300, '"' * 300, "\x1b" * 300])
def test_of_sixty_sessions_the_newest_stay_whole_and_in_order(user: str) -> None:
    """Whatever the names, what is dropped are whole sessions from the end, and no more than must be."""
    found = parsed(termination_message(message(*[user] * 60)))
    kept = found["sessions"]
    assert found["sessionCount"] == 60
    assert [session["id"] for session in kept] == [f"{number:08d}" for number in range(len(kept))]
    assert all(set(session) == set(SessionReport.__annotations__) for session in kept)
    assert len(termination_message(message(*[user] * 60))) + len(json.dumps(kept[-1]).encode()) > 4000


def test_name_is_cut_to_128_bytes_of_whole_characters() -> None:
    found = parsed(termination_message(message("x" + "\U0001f600" * 60)))
    assert found["sessions"][0]["user"] == "x" + "\U0001f600" * 31


def test_sentence_without_end_leaves_room_for_the_rest() -> None:
    found = parsed(termination_message(message("alice", sentence="\x1b" * 10_000)))
    assert found["message"] == "\x1b" * 512
    assert found["sessionCount"] == 1


@pytest.mark.parametrize(
    ("text", "size", "left"),
    [("abc", 3, "abc"), ("abcd", 3, "abc"), ("aé", 2, "a"), ("aé", 3, "aé"), ("", 5, ""), ("\udcff", 5, "?")],
)
def test_cut_never_splits_a_character(text: str, size: int, left: str) -> None:
    assert cut(text, size) == left


def test_message_of_a_toolbox_with_many_sessions_of_long_names_fits_and_counts_all(
    agent: RunningAgent,
) -> None:
    name = "\U0001f600" * 100
    sessions = [agent.open(f"--user={name}{number}", "-c", f"exit {number}") for number in range(60)]
    for session in sessions:
        session.communicate(timeout=60)
    assert [session.returncode for session in sessions] == list(range(60))
    agent.wait_until_closed(60)
    agent.terminate()
    assert agent.wait() == 143
    found = parsed((agent.folder / "termination-log").read_bytes())
    assert (found["reason"], found["sessionCount"]) == ("PodDeleted", 60)
    assert len(found["sessions"]) >= 5
    assert {session["user"] for session in found["sessions"]} == {"\U0001f600" * 32}
