"""A session whose person was lost is taken over, and others may look on: on real terminals."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import is_running, wait_for
from recorded import Shell

from agent import RunningAgent, running_agent
from troubleshooter_agent.attaching import choose
from troubleshooter_agent.client import Offer

RECONNECTED = "reconnected"
ROW = re.compile(r"\x1b\[\d+H")  # how the screen begins each of its rows
SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[a-zA-Z]|[78]|[()]B)|\x0f")


def attach(agent: RunningAgent, *words: str, cols: int = 100, rows: int = 30) -> Shell:
    return agent.shell(*words, cols=cols, rows=rows)


@pytest.fixture
def started(agent: RunningAgent) -> Iterator[Shell]:
    """Alice's shell, in which she has done something and typed half a command."""
    with agent.bash("--user=alice") as shell:
        assert shell.type("echo before") == "before\r\n"
        shell.send("echo af")
        shell.expect("echo af")
        yield shell


def lose(shell: Shell) -> None:
    """As a kubectl that dies where the runtime hangs up: the client is gone at once."""
    client = shell.client
    os.kill(client, signal.SIGKILL)
    wait_for(lambda: not is_running(client), "the end of the client")


def test_lost_session_goes_on_where_it_was(agent: RunningAgent, started: Shell) -> None:
    lose(started)
    wait_for(lambda: "terminal gone" in agent.cast().markers, "the loss")
    with attach(agent, "--user=alice", "attach") as again:
        again.expect("before")
        again.expect("$ echo af")
        again.sendline("ter; exit 5")
        again.expect("after\r\n")
        assert again.wait() == 5
    cast = agent.cast()
    assert cast.markers == [
        "recording started", "terminal gone", RECONNECTED, "session ended: exit status 5",
    ]  # fmt: skip
    assert "after" in cast.shown
    assert cast.cat().decode() == cast.shown


def test_session_that_still_looks_attached_is_taken_over(agent: RunningAgent, started: Shell) -> None:
    """A lost kubectl is silent: nothing in the pod tells it from one whose person thinks."""
    with attach(agent, "--user=alice", "attach", agent.cast().id) as again:
        again.expect("$ echo af")
        assert started.wait() == 124
        assert b"this session was taken over by alice; it goes on there" in started.shown
        again.sendline("ter; exit 5")
        assert again.wait() == 5
    assert agent.cast().markers[1:] == [RECONNECTED, "session ended: exit status 5"]


def test_client_that_hangs_with_its_kubectl_is_no_obstacle(agent: RunningAgent, started: Shell) -> None:
    """The old terminal takes nothing any more, and its client does not even run."""
    os.kill(started.client, signal.SIGSTOP)
    with attach(agent, "--user=alice", "attach") as again:
        again.expect("$ echo af")
        again.sendline("ter; seq 40000; exit 5")
        assert again.wait() == 5
        assert b"40000\r\n" in again.shown
    os.kill(started.client, signal.SIGCONT)


def test_new_terminal_gives_the_session_its_size(agent: RunningAgent, started: Shell) -> None:
    with attach(agent, "--user=alice", "attach", cols=77, rows=22) as again:
        again.expect("$ echo af")
        again.sendline("ter; stty size")
        again.expect("22 77")
        again.resize(60, 20)
        wait_for(lambda: "60x20" in agent.cast().sizes, "the other size")
    assert agent.cast().sizes == ["77x22", "60x20"]


def test_another_person_is_named_in_recording_and_terminal(agent: RunningAgent, started: Shell) -> None:
    with attach(agent, "--user=b\x1b[31mob", "attach", agent.cast().id) as other:
        other.expect("$ echo af")
        assert started.wait() == 124
        assert b"taken over by b?[31mob;" in started.shown
    assert "reconnected: b\x1b[31mob" in agent.cast().markers


def test_between_the_screen_and_what_follows_nothing_is_missing_or_twice(agent: RunningAgent) -> None:
    count = "i=0; while :; do i=$((i+1)); echo n$i.; done"
    with agent.shell("--user=alice", "--", "sh", "-c", count) as first:
        first.expect("n500.")
        with attach(agent, "--user=alice", "attach") as again:
            again.expect("000.\r\n")
            again.expect("000.\r\n")
            lines = ROW.sub("\n", again.shown.decode())
    numbers = [int(number) for number in re.findall(r"n(\d+)\.", SEQUENCE.sub("", lines))]
    assert len(numbers) > 500
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("attach", "3f9k2m1x"), b"there is no open session 3f9k2m1x on a terminal; those that are open"),
        (("--user=nobody", "attach"), b"you have no open session"),
    ],
)
def test_what_cannot_be_attached_to_is_told(
    agent: RunningAgent, started: Shell, words: tuple[str, ...], sentence: bytes
) -> None:
    with attach(agent, *words) as other:
        assert other.wait() == 64
        assert sentence in other.shown
    started.sendline("ter; exit 3")
    assert started.wait() == 3


def test_of_several_sessions_one_has_to_be_named(agent: RunningAgent, started: Shell) -> None:
    with agent.shell("--user=alice", "--", "sleep", "1000"):
        wait_for(lambda: agent.status()["sessionsActive"] == 2, "the second session")
        with attach(agent, "--user=alice", "attach") as other:
            assert other.wait() == 64
            assert b"you have 2 open sessions: name one of " in other.shown


def test_attach_needs_a_terminal(agent: RunningAgent) -> None:
    result = agent.run("attach")
    assert result.returncode == 64
    assert result.stderr == (
        b"troubleshooter: attach needs a terminal (write: kubectl exec -it POD -- shell attach)\n"
    )


def test_session_cannot_be_shown_within_itself(agent: RunningAgent, started: Shell) -> None:
    """It would copy its own output for ever."""
    words = " ".join(agent.shell_command("--user=alice", "attach")[len(agent.command()) :])
    started.sendline(f"ter; {words}; echo status $?")
    started.expect("it cannot be shown within itself")
    started.expect("status 64")


def test_verified_users_take_over_their_own_sessions_alone(tmp_path: Path) -> None:
    with running_agent(tmp_path, exec_identity="enforced") as agent, agent.bash("--user=alice") as alice:
        with attach(agent, "--user=bob", "attach", agent.cast().id) as bob:
            assert bob.wait() == 64
            assert b"is alice's; look on with: shell attach --view" in bob.shown
        with attach(agent, "--user=alice", "attach", agent.cast().id) as again:
            assert alice.wait() == 124
            again.sendline("exit 5")
            assert again.wait() == 5


@pytest.mark.parametrize(("answer", "takes_over"), [("1", True), ("n", False)])
def test_next_shell_offers_the_open_session(
    agent: RunningAgent, started: Shell, answer: str, *, takes_over: bool
) -> None:
    with agent.shell("--user=alice") as shell:
        shell.expect(f"  1  {agent.cast().id}  since ")
        shell.expect("go on with it (1), or open a new shell (n)? ")
        shell.sendline("what?")
        shell.expect("or open a new shell (n)? ")
        shell.sendline(answer)
        shell.expect("$ echo af" if takes_over else "is recorded as alice")
        assert agent.status()["sessionCount"] == (1 if takes_over else 2)
        shell.sendline("; exit 5" if takes_over else "exit 5")
        assert shell.wait() == 5


def test_nobody_is_asked_who_runs_a_command_or_is_somebody_else(agent: RunningAgent, started: Shell) -> None:
    with agent.shell("--user=alice", "-c", "exit 4") as shell:
        assert shell.wait() == 4
    with agent.bash("--user=bob") as shell:
        shell.sendline("exit 6")
        assert shell.wait() == 6


def test_choice_between_several() -> None:
    offers = [Offer("aaaaaaaa", "18:40", attended=True), Offer("bbbbbbbb", "18:41", attended=False)]
    answers = iter(["", "y", "3", "2"])
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return next(answers)

    assert choose(offers, ask) == "bbbbbbbb"
    assert asked == ["go on with it (1 to 2), or open a new shell (n)? "] * 4


def test_who_looks_on_sees_everything_and_is_seen(agent: RunningAgent, started: Shell) -> None:
    with attach(agent, "--user=bob", "attach", "--view", agent.cast().id) as bob:
        bob.expect("$ echo af")
        started.expect("[troubleshooter] bob looks on")
        started.expect("$ echo af")  # what was typed is drawn again below
        bob.send("x; exit\r")
        started.sendline("ter; echo more")
        bob.expect(re.compile(r"after\r+\nmore\r+\n"))  # his own terminal adds carriage returns
        os.kill(bob.client, signal.SIGINT)  # his Ctrl-C, which would end nsenter too
        bob.expect("you have left it")
        assert bob.wait() == 0
    started.expect("[troubleshooter] bob no longer looks on")
    started.sendline("exit 5")
    assert started.wait() == 5
    cast = agent.cast()
    assert cast.markers[1:] == ["viewer joined: bob", "viewer left: bob", "session ended: exit status 5"]
    assert "echo afx" not in cast.shown


def test_who_looks_on_leaves_with_the_session(agent: RunningAgent, started: Shell) -> None:
    with attach(agent, "--user=bob", "attach", "--view", agent.cast().id) as bob:
        bob.expect("$ echo af")
        started.sendline("ter; exit 5")
        assert started.wait() == 5
        assert bob.wait() == 0
        assert b"after" in bob.shown
        assert b"session ended: exit status 5" in bob.shown


def test_who_looks_on_and_stops_reading_holds_up_nobody(agent: RunningAgent, started: Shell) -> None:
    with attach(agent, "--user=bob", "attach", "--view", agent.cast().id) as bob:
        bob.expect("$ echo af")
        os.kill(bob.client, signal.SIGSTOP)
        started.sendline("ter; seq 40000; exit 5")
        assert started.wait() == 5
        os.kill(bob.client, signal.SIGCONT)
