"""PID 1: when and how the toolbox ends. Real seconds, real signals."""

import os
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from casts import Cast
from processes import wait_for
from recorded import Shell

from agent import RunningAgent, running_agent
from troubleshooter_agent import process

RESET = "\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m"


def ended_text(why: str) -> str:
    return f"{RESET}\r\n[troubleshooter] this toolbox has ended: {why}; its recordings are kept\r\n"


def casts_of(folder: Path) -> dict[str, Cast]:
    """The recordings by their users, from outside of a toolbox that has ended."""
    casts = [Cast.read(path) for path in (folder / "recordings").rglob("*.cast")]
    return {cast.header["troubleshooter"]["user"]: cast for cast in casts}


# Ends that are told from outside.


@pytest.mark.parametrize(
    ("end", "reason", "why", "code"),
    [("", "PodDeleted", "pod deleted", 143), ("Stopped", "Stopped", "stopped", 0)],
    ids=["without a word", "by the operator"],
)
def test_sigterm_ends_the_toolbox_politely_and_says_why(
    agent: RunningAgent, end: str, reason: str, why: str, code: int
) -> None:
    shell = agent.bash("--user=alice")
    if end:
        agent.annotate(end=end)
        wait_for(lambda: agent.status()["end"] == end, "the operator's reason in the status")
        assert agent.status()["ready"] is True
    started = time.monotonic()
    agent.terminate()
    assert shell.wait() == 124
    assert agent.wait() == code
    assert time.monotonic() - started < 1.5
    assert shell.shown.decode().endswith(ended_text(why))
    words = agent.last_words()
    assert (words["reason"], words["message"], words["sessionCount"]) == (reason, why, 1)
    assert words["sessions"][0]["exitCode"] == 124
    cast = agent.cast()
    assert cast.markers == ["recording started", f"session ended: {why}"]
    assert cast.cat() == shell.shown
    assert cast.summary["why"] == why


def test_toolbox_without_a_session_ends_at_once(agent: RunningAgent) -> None:
    started = time.monotonic()
    agent.terminate()
    assert agent.wait() == 143
    assert time.monotonic() - started < 1
    assert agent.last_words() == {
        "reason": "PodDeleted",
        "message": "pod deleted",
        "endedAt": agent.last_words()["endedAt"],
        "sessionCount": 0,
        "recordedBytes": 0,
        "recordingFailures": 0,
        "chain": "",
        "sessions": [],
    }


def test_signals_from_inside_end_nothing(toolbox: RunningAgent) -> None:
    """Nor do those from outside that mean nothing here."""
    for name in ("TERM", "INT", "HUP", "QUIT", "KILL", "STOP", "USR1", "PIPE"):
        toolbox.inside("sh", "-c", f"kill -{name} 1")
    for number in (signal.SIGHUP, signal.SIGQUIT):
        os.kill(toolbox.pid, number)
    assert toolbox.run("-c", "exit 3").returncode == 3
    assert toolbox.status()["end"] == ""


def test_whoever_ignores_the_hang_up_is_gone_after_six_seconds(agent: RunningAgent) -> None:
    """A shell that traps it, nohup, setsid, double forks, and what was never recorded; PID 1 waits idly."""
    with ExitStack() as stack:
        shell, polite = (stack.enter_context(agent.bash(f"--user={user}")) for user in ("stubborn", "polite"))
        shell.type("nohup sleep 1001 > /dev/null 2>&1 & setsid sleep 1002 & (setsid sleep 1003 &) ; true")
        shell.type("(trap '' HUP TERM; setsid bash -c 'sleep 1004 & sleep 1005' &) ; trap '' HUP; true")
        unrecorded = subprocess.Popen(agent.command("sh", "-c", "(setsid sleep 1006 &); sleep 1007"))
        stack.enter_context(unrecorded)
        stack.callback(unrecorded.kill)
        wait_for(lambda: len(agent.processes().get("sleep", ())) == 7, "seven sleeps")
        before = cpu_seconds(agent.pid)
        started = time.monotonic()
        agent.terminate()
        assert polite.wait() == 124
        assert time.monotonic() - started < 1
        wait_for(lambda: time.monotonic() - started > 4, "the last second")
        assert cpu_seconds(agent.pid) - before < 1.0
        assert shell.wait() == 124
        assert agent.wait() == 143
        assert 4.5 < time.monotonic() - started < 6.5
    assert casts_of(agent.folder)["stubborn"].markers[-1] == "session ended: pod deleted"


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_no_shell_opens_while_the_toolbox_ends(agent: RunningAgent) -> None:
    with agent.bash() as shell:
        shell.type("trap '' HUP")
        agent.terminate()
        wait_for(lambda: agent.status()["end"] == "PodDeleted", "the end")
        result = agent.run("-c", "exit 3")
        assert (result.returncode, result.stdout) == (124, b"")
        assert result.stderr == b"troubleshooter: this toolbox is ending: pod deleted\n"
        assert agent.status()["ready"] is False


# Ends that the clock brings. Each takes seconds, so what can wait at the same time does.


def test_idle_toolbox_ends_within_a_second_of_the_instant_and_says_why_everywhere(tmp_path: Path) -> None:
    """Output is no activity: the first shell prints on."""
    with running_agent(tmp_path, idle_timeout="1h", time_to_live="1h") as agent:
        noisy, quiet = agent.bash("--user=noisy"), agent.bash("--user=quiet")
        noisy.type("while :; do echo tick; sleep 0.2; done &")
        press_until_idle_timeout_is(3, agent, quiet)
        assert (quiet.wait(), noisy.wait(), agent.wait()) == (124, 124, 0)
    words = agent.last_words()
    assert (words["reason"], words["message"]) == ("IdleTimeout", "idle for 3s")
    casts = casts_of(tmp_path)
    for cast in casts.values():
        assert cast.markers == ["recording started", "session ended: idle for 3s"]
    assert casts["quiet"].shown.endswith(ended_text("idle for 3s"))
    assert time_from_key_to_end(casts["quiet"]) == pytest.approx(3.0, abs=0.5)
    assert casts["noisy"].shown.count("tick") > 10
    (line,) = agent.logged("ending")
    assert 'reason=IdleTimeout why="idle for 3s" sessions=2' in line


def press_until_idle_timeout_is(seconds: int, agent: RunningAgent, shell: Shell) -> None:
    """Change the time-out, and keep the toolbox alive by a key until the change has arrived."""
    agent.annotate(idle_timeout=f"{seconds}s")

    def press() -> bool:
        shell.send("x")
        return bool(agent.status()["idleTimeoutSeconds"] == seconds)

    wait_for(press, "the new time-out")


def time_from_key_to_end(cast: Cast) -> float:
    """Seconds from the last key, which the shell echoes, to the text of the end."""
    echoed = max(time for time, code, text in cast.events if code == "o" and text.strip("x") == "")
    return cast.time_of("this toolbox has ended") - echoed


def test_toolbox_that_nobody_opens_is_idle_from_when_it_is_ready(tmp_path: Path) -> None:
    with running_agent(tmp_path, idle_timeout="2s", time_to_live="1h", recordings_retained="") as agent:
        assert agent.status()["idleSince"] is None
        time_ready = time.monotonic()
        agent.annotate(recordings_retained="yes")
        assert agent.wait() == 0
        assert 1.9 < time.monotonic() - time_ready < 6.0  # the annotation may take two seconds to be seen
    assert agent.last_words()["reason"] == "IdleTimeout"


def test_key_press_and_running_work_keep_the_toolbox_and_start_the_clock_again(tmp_path: Path) -> None:
    """Three toolboxes of 3 s at once: one with a key after 2 s, one with 6 s of work, and one with a command
    without a terminal, which is work until it ends."""
    with (
        running_agent(tmp_path / "key", idle_timeout="1h") as key,
        running_agent(tmp_path / "work", idle_timeout="1h") as work,
        running_agent(tmp_path / "pipe", idle_timeout="1h") as pipe,
        key.bash() as shell,
        work.bash() as worker,
        pipe.open("-c", "sleep 6; echo worked") as command,
    ):
        worker.sendline("sleep 6; echo worked")
        work.annotate(idle_timeout="3s")
        pipe.annotate(idle_timeout="3s")
        press_until_idle_timeout_is(3, key, shell)
        pressed = time.monotonic()
        wait_for(lambda: time.monotonic() - pressed > 2, "two seconds")
        shell.send("x")
        assert (shell.wait(), worker.wait()) == (124, 124)
        assert command.communicate()[0] == b"worked\n"
        assert [agent.wait() for agent in (key, work, pipe)] == [0, 0, 0]
    (cast,) = casts_of(tmp_path / "key").values()
    assert time_from_key_to_end(cast) == pytest.approx(3.0, abs=0.5)
    (cast,) = casts_of(tmp_path / "work").values()
    assert cast.time_of("this toolbox has ended") - cast.time_of("\nworked") == pytest.approx(3.0, abs=1.2)
    (cast,) = casts_of(tmp_path / "pipe").values()
    assert cast.summary["exitCode"] == 0
    assert {agent.last_words()["reason"] for agent in (key, work, pipe)} == {"IdleTimeout"}


@pytest.mark.timing
def test_warnings_say_what_to_do_and_what_was_done_counts(tmp_path: Path) -> None:
    """10 s before the end, in two toolboxes at once: a key starts the idle clock again, and a life that is
    made shorter meanwhile ends at its new instant, whatever is at work."""
    idle_warning = "idle: this toolbox ends in 10s; press any key to keep it"
    life_warning = (
        "this toolbox ends in 10s, its time to live of 22s is nearly over; "
        "ask for more with: shell extend 15m"
    )
    with ExitStack() as stack:
        life = stack.enter_context(running_agent(tmp_path / "life", idle_timeout="1h", time_to_live="22s"))
        born = process.start_of(life.pid)
        idle = stack.enter_context(running_agent(tmp_path / "idle", idle_timeout="21s", time_to_live="1h"))
        alice, bob = (stack.enter_context(idle.bash(f"--user={user}")) for user in ("alice", "bob"))
        worker = stack.enter_context(life.bash("--user=worker"))
        worker.sendline("while :; do sleep 0.1; done")

        worker.expect(f"\r\n[troubleshooter] {life_warning}\r\n")
        life.annotate(time_to_live="16s")
        for shell in (alice, bob):
            shell.expect(f"\r\n[troubleshooter] {idle_warning}\r\n")
        before = idle.status()["idleSince"]
        alice.send(" ")
        wait_for(lambda: idle.status()["idleSince"] > before, "the new start of the idle clock")
        (line,) = idle.logged("warned")
        assert line.endswith(f'text="{idle_warning}"')
        assert (worker.wait(), life.wait()) == (124, 0)
        assert process.boot_time() - born >= 16.0
    assert life.last_words()["reason"] == "TimeToLiveReached"
    cast = casts_of(tmp_path / "life")["worker"]
    assert cast.markers[-1] == "session ended: time to live of 16s reached"
    assert cast.shown.count("nearly over") == 1
    assert cast.time_of("has ended") - cast.time_of("nearly over") == pytest.approx(4.0, abs=0.5)
