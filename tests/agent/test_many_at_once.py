"""Sessions that are opened in the same second: each has a file of its own, and what is its own in it."""

import subprocess

from processes import wait_for

from agent import RunningAgent

SESSIONS = 24
COMMAND = "read line; echo $line; echo of $TROUBLESHOOTER_SESSION"


def test_no_two_sessions_share_a_file(agent: RunningAgent) -> None:
    sessions = [
        agent.open(f"--user=u{number}", "-c", COMMAND, stdin=subprocess.PIPE) for number in range(SESSIONS)
    ]
    wait_for(lambda: agent.status()["sessionsActive"] == SESSIONS, "all sessions")
    shown = [session.communicate(f"line {number}\n".encode())[0] for number, session in enumerate(sessions)]
    assert [session.returncode for session in sessions] == [0] * SESSIONS
    status = agent.wait_until_closed(SESSIONS)
    assert len({session["file"] for session in status["sessions"]}) == SESSIONS
    for number, content in enumerate(shown):
        cast = agent.cast(f"u{number}")
        assert cast.shown == f"line {number}\nof {cast.id}\n" == content.decode()
        assert cast.summary["user"] == f"u{number}"
