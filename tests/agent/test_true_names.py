"""Where admission checks every exec: whose names are verified, and whose not for all that."""

import subprocess
from pathlib import Path

from processes import wait_for

from agent import RunningAgent, new_user, running_agent


def test_names_given_within_a_session_are_not_verified(tmp_path: Path) -> None:
    """Where execs are checked too: within alice's session anybody could be named. Orphans are within."""
    with (
        running_agent(tmp_path, exec_identity="enforced") as agent,
        agent.bash("--user=alice") as alice,
        agent.bash("--user=bob") as bob,
    ):
        inside = agent.shell_command()[len(agent.command()) :]
        for words in ("--user=bob attach", f"--user=bob attach {agent.path('bob').stem[-8:]}"):
            alice.sendline(f"{' '.join(inside)} {words}; echo status $?")
            alice.expect("within a session nobody's name is verified")
            alice.expect("status 64")
        alice.sendline(f"(setsid {' '.join(inside)} --user=carol -c 'echo or''phan' &); echo sta''rted")
        alice.expect("orphan")
        alice.sendline(f"{' '.join(inside)} --user=dave -c true; exit 0")
        assert alice.wait() == 0
        bob.sendline("exit 0")
        assert bob.wait() == 0
        agent.wait_until_closed(4)
        verified = {each["user"]: each["verified"] for each in agent.summaries()}
    assert verified == {"alice": True, "bob": True, "carol": False, "dave": False}


def test_who_was_there_before_execs_were_checked_is_not_verified(tmp_path: Path) -> None:
    """That one could have come in under any name; whoever comes later is verified."""
    with running_agent(tmp_path, exec_identity="none") as agent:
        inside = agent.shell_command("--user=alice", "-c", "true")[len(agent.command()) :]
        waits = agent.command("sh", "-c", 'read go; exec "$@"', "sh", *inside)
        lurking = subprocess.Popen(waits, stdin=subprocess.PIPE, env=agent.environment)
        wait_for(lambda: "sh" in agent.processes(), "the one who waits inside")
        agent.annotate(exec_identity="enforced")
        wait_for(lambda: is_verified(agent), "names that are true")
        lurking.communicate(b"go\n", timeout=60)
        wait_for(lambda: verdicts(agent, "alice"), "the summary of alice")
        assert verdicts(agent, "alice") == [False]


def is_verified(agent: RunningAgent) -> bool:
    """Whether somebody who comes now is."""
    user = new_user()
    agent.run(f"--user={user}", "-c", "true")
    wait_for(lambda: verdicts(agent, user), "the summary")
    return verdicts(agent, user) == [True]


def verdicts(agent: RunningAgent, user: str) -> list[bool]:
    return [each["verified"] for each in agent.summaries() if each["user"] == user]
