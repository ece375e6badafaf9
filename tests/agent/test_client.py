"""What a person's own process does: lends its terminal, takes it back in any case, and tells how it ended."""

import os
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubelet import AS_TOOLBOX_USER
from processes import wait_for
from terminal import Terminal

from agent import RunningAgent, running_agent

ANSWER = "; echo status $?; stty -a"


@pytest.fixture
def person(toolbox: RunningAgent) -> Iterator[Terminal]:
    """An unrecorded shell inside the toolbox, from which `shell` is started: it sees what is left behind."""
    with Terminal(toolbox.command("bash"), env=toolbox.environment) as bash:
        bash.expect("$ ")
        yield bash


def shell_words(toolbox: RunningAgent, *arguments: str) -> str:
    return " ".join(toolbox.shell_command(*arguments)[len(toolbox.command()) :])


def settings(person: Terminal) -> str:
    person.sendline("stty -g; echo done$((1+1))")
    shown = person.expect("done2")
    person.expect("$ ")
    return shown.splitlines()[-1].strip()


def newest_recorder(agent: RunningAgent, known: list[int]) -> int:
    recorder: int = wait_for(lambda: [pid for pid in agent.recorders() if pid not in known], "a recorder")[0]
    return recorder


def test_terminal_is_as_before_after_every_session(toolbox: RunningAgent, person: Terminal) -> None:
    before = settings(person)
    person.sendline(shell_words(toolbox, "-c", "'stty raw -echo; exit 3'") + "; echo status $?")
    person.expect("status 3")
    person.expect("$ ")
    assert settings(person) == before


def test_recorder_that_is_killed_gives_the_terminal_back_and_says_what_happened(
    toolbox: RunningAgent, person: Terminal
) -> None:
    before = settings(person)
    known = toolbox.recorders()
    person.sendline(shell_words(toolbox) + "; echo status $?")
    person.expect("is recorded as unknown")
    os.kill(newest_recorder(toolbox, known), signal.SIGKILL)
    person.expect("troubleshooter: the recorder of this session died; what it wrote is kept")
    person.expect("status 70")
    person.expect("$ ")
    assert settings(person) == before


@pytest.mark.parametrize(("name", "status"), [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)])
def test_client_that_is_ended_by_a_signal_gives_the_terminal_back_and_leaves_the_program(
    toolbox: RunningAgent, person: Terminal, me: str, tmp_path: Path, *, name: str, status: int
) -> None:
    before = settings(person)
    words = shell_words(toolbox, f"'--user={me}'", "-c", f"'echo ready; cat {tmp_path}/fifo; exit 6'")
    os.mkfifo(tmp_path / "fifo")
    person.sendline(f"{words}; echo status $?")
    person.expect("ready\r\n")
    toolbox.inside("pkill", f"-{name}", "-f", f"^[^ ]*python.*--user={me.translate(QUOTED)}")
    person.expect(f"status {status}")
    person.expect("$ ")
    assert settings(person) == before
    (tmp_path / "fifo").write_text("and on\n")
    wait_for(lambda: toolbox.cast(me).markers[-1] == "session ended: exit status 6", "the end of the program")
    assert toolbox.cast(me).shown == "ready\r\nand on\r\n"


QUOTED = str.maketrans({"[": r"\[", "]": r"\]"})


def test_client_in_a_pipeline_leaves_its_terminal_alone(toolbox: RunningAgent, person: Terminal) -> None:
    """Without a terminal on both sides the recorded program has pipes, and keys stay signals."""
    person.sendline(shell_words(toolbox, "-c", "'test -t 1 || echo no terminal'") + " | cat")
    person.expect("no terminal\r\n")
    person.expect("$ ")
    person.sendline(shell_words(toolbox, "-c", "'echo ready; sleep 1000'") + " | cat")
    person.expect("ready\r\n")
    person.send("\x03")
    person.expect("$ ")
    person.sendline("echo status ${PIPESTATUS[0]}")
    person.expect("status 130\r\n")
    assert b"Traceback" not in person.shown


def test_shell_waits_until_the_volume_is_known_to_be_retained_and_says_so_once(tmp_path: Path) -> None:
    with running_agent(tmp_path, recordings_retained="") as agent, agent.shell("-c", "exit 5") as shell:
        shell.expect("troubleshooter: waiting until the volume of the recordings is known to be retained\r\n")
        refused = len(agent.logged("shell-refused"))
        wait_for(lambda: len(agent.logged("shell-refused")) > refused, "another try")
        assert (agent.status()["ready"], agent.casts) == (False, [])
        agent.annotate(recordings_retained="yes")
        started = time.monotonic()
        assert shell.wait() == 5
        assert time.monotonic() - started < 5
        assert shell.shown.count(b"waiting until") == 1
        assert len(agent.casts) == 1


def test_shell_says_where_its_volume_may_not_be_retained(tmp_path: Path) -> None:
    with running_agent(tmp_path, recordings_retained="not-permitted") as agent, agent.shell() as shell:
        shell.expect("the volume of the recordings goes with its claim, if somebody deletes that")


def test_agent_that_ends_while_a_client_waits_is_told_plainly(tmp_path: Path) -> None:
    with running_agent(tmp_path, recordings_retained="") as agent:
        waiting = agent.open("-c", "exit 5")
        wait_for(lambda: agent.logged("shell-refused"), "the first try")
        agent.terminate()
        assert agent.wait() == 143
        waiting.communicate()
        assert waiting.returncode != 5


@pytest.fixture
def ordinary(tmp_path: Path) -> Iterator[RunningAgent]:
    """As in a pod: no root, no capability that counts."""
    with running_agent(tmp_path, user=AS_TOOLBOX_USER) as agent:
        yield agent


def test_ordinary_user_has_all_of_it(ordinary: RunningAgent) -> None:
    with ordinary.bash("--user=alice") as shell:
        assert shell.type("id -u; stty size; umask") == "10001\r\n30 100\r\n0022\r\n"
        shell.sendline("exit 7")
        assert shell.wait() == 7
    assert ordinary.cast().cat() == shell.shown
    assert ordinary.cast().path.stat().st_uid == 10001


def test_person_cannot_reach_into_agent_recorder_or_client(ordinary: RunningAgent) -> None:
    """They are of the same user, so the kernel would let a debugger in and the descriptors out."""
    with ordinary.bash() as shell:
        shell.type("client=$(pgrep -f 'troubleshooter_agent shell' | head -1)")
        for victim in ("1", "$PPID", "$client"):
            looks = (f"cat /proc/{victim}/{file} 2>&1 | tail -1" for file in ("environ", "maps", "fd/1"))
            assert shell.type("; ".join(looks)).count("Permission denied") == 3, victim


def test_terminal_of_somebody_else_works_all_the_same(ordinary: RunningAgent) -> None:
    """The pty belongs to root here, so the client has to copy; nothing of it shows."""
    with ordinary.shell("-c", "stty size; seq 100000; read line; echo got $line; exit 9") as shell:
        shell.expect("30 100\r\n")
        shell.sendline("me")
        shell.expect("got me\r\n")
        assert shell.wait() == 9
    assert ordinary.cast().cat() == shell.shown


def test_mode_of_the_terminal_is_raw_only_while_the_session_runs(toolbox: RunningAgent) -> None:
    shell = toolbox.bash()
    assert not termios.tcgetattr(shell.master)[3] & termios.ICANON
    shell.sendline("exit")
    shell.expect("exit\r\n")
    wait_for(lambda: _is_cooked_or_gone(shell.master), "the end of raw mode")
    assert shell.wait() == 0


def _is_cooked_or_gone(fd: int) -> bool:
    try:
        return bool(termios.tcgetattr(fd)[3] & termios.ICANON)
    except termios.error:
        return True


def test_client_without_any_descriptor_is_no_reason_for_a_trace(toolbox: RunningAgent) -> None:
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *toolbox.shell_command("-c", "exit 5")]
    result = subprocess.run(command, env=toolbox.environment, check=False, timeout=20)
    assert result.returncode == 5
