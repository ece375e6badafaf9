"""PID 1: when and how the toolbox ends, and who outlives whom. Real seconds, real signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from casts import Cast

from agent import (
    AGENT_ROOT,
    RunningAgent,
    children_of,
    in_namespace,
    is_running,
    name_of,
    prepare,
    running_agent,
    wait_for,
)

RESET = "\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m"


def ended_text(why: str) -> str:
    return f"{RESET}\r\n[troubleshooter] this toolbox has ended: {why}; its recordings are kept\r\n"


def casts_of(folder: Path) -> dict[str, Cast]:
    """The recordings by their users, from outside of a toolbox that has ended."""
    casts = [Cast.read(path) for path in (folder / "recordings").rglob("*.cast")]
    return {cast.header["troubleshooter"]["user"]: cast for cast in casts}


# Ends that are told from outside.


@pytest.mark.parametrize(
    ("end", "reason", "why"),
    [("", "PodDeleted", "pod deleted"), ("Stopped", "Stopped", "stopped")],
    ids=["without a word", "by the operator"],
)
def test_sigterm_ends_the_toolbox_politely_and_says_why(
    agent: RunningAgent, end: str, reason: str, why: str
) -> None:
    shell = agent.bash("--user=alice")
    if end:
        agent.annotate(end=end)
        wait_for(lambda: agent.status()["end"] == end, "the operator's reason in the status")
        assert agent.status()["ready"] is True
    started = time.monotonic()
    agent.terminate()
    assert shell.wait() == 124
    assert agent.wait() == 0
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
    assert agent.wait() == 0
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
        stack.enter_context(subprocess.Popen(agent.command("sh", "-c", "(setsid sleep 1006 &); sleep 1007")))
        wait_for(lambda: len(agent.processes().get("sleep", ())) == 7, "seven sleeps")
        before = cpu_seconds(agent.pid)
        started = time.monotonic()
        agent.terminate()
        assert polite.wait() == 124
        assert time.monotonic() - started < 1
        wait_for(lambda: time.monotonic() - started > 4, "the last second")
        assert cpu_seconds(agent.pid) - before < 1.0
        assert shell.wait() == 124
        assert agent.wait() == 0
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
    with running_agent(tmp_path, idle_timeout="3s", time_to_live="1h") as agent:
        noisy = agent.bash("--user=noisy")
        noisy.type("while :; do echo tick; sleep 0.2; done &")
        quiet = agent.bash("--user=quiet")
        quiet.send("x")
        quiet.expect("x")
        pressed = time.monotonic()
        quiet.expect("this toolbox has ended: idle for 3s; its recordings are kept\r\n")
        assert 2.7 < time.monotonic() - pressed < 4.0
        assert (quiet.wait(), noisy.wait(), agent.wait()) == (124, 124, 0)
    words = agent.last_words()
    assert (words["reason"], words["message"]) == ("IdleTimeout", "idle for 3s")
    for cast in casts_of(tmp_path).values():
        assert cast.markers == ["recording started", "session ended: idle for 3s"]
    assert casts_of(tmp_path)["quiet"].shown.endswith(ended_text("idle for 3s"))
    (line,) = agent.logged("ending")
    assert 'reason=IdleTimeout why="idle for 3s" sessions=2' in line


def test_toolbox_that_nobody_opens_is_idle_from_when_it_is_ready(tmp_path: Path) -> None:
    with running_agent(tmp_path, idle_timeout="2s", time_to_live="1h", recordings_retained="") as agent:
        assert agent.status()["idleSince"] is None
        time_ready = time.monotonic()
        agent.annotate(recordings_retained="yes")
        assert agent.wait() == 0
        assert 1.9 < time.monotonic() - time_ready < 5.0  # the annotation may take two seconds to be seen
    assert agent.last_words()["reason"] == "IdleTimeout"


def test_key_press_and_running_work_keep_the_toolbox_and_start_the_clock_again(tmp_path: Path) -> None:
    """Three toolboxes of 2 s: one with a key after 1.5 s, one with 4 s of work, one with a command without
    a terminal, which is work until it ends."""
    with (
        running_agent(tmp_path / "key", idle_timeout="2s") as key,
        running_agent(tmp_path / "work", idle_timeout="2s") as work,
        running_agent(tmp_path / "pipe", idle_timeout="2s") as pipe,
    ):
        shell = key.bash()
        shell.send("a")
        worker = work.bash()
        worker.sendline("sleep 4; echo worked")
        command = pipe.open("-c", "sleep 4; echo worked")
        first = key.status()["idleSince"]
        wait_for(lambda: key.cast().shown.endswith("a"), "the first key")
        wait_for(lambda: time.monotonic() - key_time(key) > 1.5, "almost two seconds")
        shell.send("b")
        assert (shell.wait(), worker.wait()) == (124, 124)
        assert command.communicate()[0] == b"worked\n"
        assert [agent.wait() for agent in (key, work, pipe)] == [0, 0, 0]
        assert first
    (cast,) = casts_of(tmp_path / "key").values()
    assert cast.time_of("this toolbox has ended") - cast.time_of("ab") == pytest.approx(2.0, abs=0.5)
    (cast,) = casts_of(tmp_path / "work").values()
    assert cast.time_of("this toolbox has ended") - cast.time_of("\nworked") == pytest.approx(2.0, abs=1.2)
    (cast,) = casts_of(tmp_path / "pipe").values()
    assert cast.summary["exitCode"] == 0
    assert {agent.last_words()["reason"] for agent in (key, work, pipe)} == {"IdleTimeout"}


def key_time(agent: RunningAgent) -> float:
    """When the last event of a cast was written, on the monotonic clock."""
    return time.monotonic() - (time.time() - agent.path().stat().st_mtime)


@pytest.mark.timing
def test_warnings_say_what_to_do_and_what_was_done_counts(tmp_path: Path) -> None:
    """10 s before the end, in two toolboxes at once: a key starts the idle clock again, and a life that is
    made shorter meanwhile ends at its new instant, whatever is at work."""
    idle_warning = "idle: this toolbox ends in 10s; press any key to keep it"
    life_warning = (
        "this toolbox ends in 10s, its time to live of 22s is nearly over; "
        "finish what you are doing, or raise spec.timeToLive (2h at most)"
    )
    with ExitStack() as stack:
        life = stack.enter_context(running_agent(tmp_path / "life", idle_timeout="1h", time_to_live="22s"))
        born = time.monotonic() - 0.5
        idle = stack.enter_context(running_agent(tmp_path / "idle", idle_timeout="21s", time_to_live="1h"))
        alice, bob = (stack.enter_context(idle.bash(f"--user={user}")) for user in ("alice", "bob"))
        worker = stack.enter_context(life.bash("--user=worker"))
        worker.sendline("while :; do sleep 0.1; done")

        for shell in (alice, bob):
            shell.expect(f"\r\n[troubleshooter] {idle_warning}\r\n")
        before = idle.status()["idleSince"]
        alice.send(" ")
        wait_for(lambda: idle.status()["idleSince"] > before, "the new start of the idle clock")
        (line,) = idle.logged("warned")
        assert line.endswith(f'text="{idle_warning}"')

        worker.expect(f"\r\n[troubleshooter] {life_warning}\r\n")
        assert 10.5 < time.monotonic() - born < 13.5
        life.annotate(time_to_live="15s")
        wait_for(lambda: life.status()["timeToLiveSeconds"] == 15.0, "the new life")
        assert (worker.wait(), life.wait()) == (124, 0)
        assert 14.0 < time.monotonic() - born < 16.5
    assert life.last_words()["reason"] == "TimeToLiveReached"
    cast = casts_of(tmp_path / "life")["worker"]
    assert cast.markers[-1] == "session ended: time to live of 15s reached"
    assert cast.shown.count("nearly over") == 1


# Who outlives whom.


def test_orphans_leave_no_zombie(toolbox: RunningAgent) -> None:
    """Of a recorded shell, where the recorder gets them, and of an unrecorded process, where PID 1 does."""
    with toolbox.bash() as shell:
        shell.type("(setsid sh -c 'sleep 0.1 & sleep 0.1' &)")
        toolbox.inside("sh", "-c", "(setsid sh -c 'sleep 0.1 & sleep 0.1' &)")
        wait_for(lambda: not {"sleep", "sh"} & set(toolbox.processes()), "the end of all orphans")
        assert not [state for states in toolbox.processes().values() for state in states if "Z" in state]


def test_killed_recorder_takes_one_session_and_its_cast_is_mended_within_a_second(
    agent: RunningAgent,
) -> None:
    victim = agent.bash("--user=victim")
    victim.type("nohup sleep 1001 > /dev/null 2>&1 & setsid sleep 1002 & true")
    (recorder,) = agent.recorders()
    with agent.bash("--user=other") as other:
        other.type("nohup sleep 1003 > /dev/null 2>&1 & true")
        started = time.monotonic()
        os.kill(recorder, signal.SIGKILL)
        wait_for(lambda: b'"m","session ended' in agent.path("victim").read_bytes(), "the mending")
        wait_for(lambda: agent.path("victim").with_suffix(".json").exists(), "the summary")
        assert time.monotonic() - started < 1.0
        assert victim.wait() == 70
        assert victim.shown.decode().endswith(
            "troubleshooter: the recorder of this session died; what it wrote is kept\r\n"
        )
        wait_for(lambda: len(agent.processes()["sleep"]) == 1, "the end of its programs")
        assert other.type("echo still here") == "still here\r\n"
        other.sendline("exit 3")
        assert other.wait() == 3
    why = "its recorder was killed by signal 9"
    cast = agent.cast("victim")
    assert cast.markers == ["recording started", f"session ended: {why}"]
    assert cast.cat().decode() == cast.shown
    assert (cast.summary["why"], cast.summary["exitCode"], cast.summary["repaired"]) == (why, None, True)
    status = agent.wait_until_closed(2)
    assert status["recordingFailures"] == 1
    assert {session["user"]: session["exitCode"] for session in status["sessions"]} == {
        "victim": None,
        "other": 3,
    }
    (line,) = agent.logged("recorder-died")
    assert f'why="{why}"' in line


def test_killed_reporter_is_started_again_and_disturbs_no_session(agent: RunningAgent) -> None:
    with agent.bash() as shell:
        known = set(agent.recorders())
        reporter = reporter_of(agent)
        os.kill(reporter, signal.SIGKILL)
        assert shell.type("echo undisturbed") == "undisturbed\r\n"
        wait_for(lambda: reporter_of(agent) not in {0, reporter}, "another reporter")
        status = wait_for(lambda: answer(agent), "its answer")
        assert (status["sessionsActive"], set(agent.recorders())) == (1, known)
        agent.annotate(end="Stopped")
        wait_for(lambda: agent.status()["end"] == "Stopped", "an annotation through the new reporter")
        assert len(agent.logged("reporter-ended")) == 1


def reporter_of(agent: RunningAgent) -> int:
    """The child of PID 1 that records nothing."""
    return next(
        (
            pid
            for pid in children_of(agent.pid)
            if name_of(pid) not in {"", "tshoot-recorder"} and is_running(pid)
        ),
        0,
    )


def answer(agent: RunningAgent) -> dict[str, object] | None:
    try:
        return agent.status()
    except OSError:
        return None


def test_limit_of_descriptors_refuses_sessions_and_ends_nothing(agent: RunningAgent) -> None:
    """Where nothing can be opened or forked any more, PID 1 says so and goes on."""
    with agent.bash() as shell:
        in_use = max(int(fd.name) for fd in Path(f"/proc/{agent.pid}/fd").iterdir())
        limits = f"--nofile={in_use + 5}:4096"  # room for a client and its terminal, not for a recorder
        subprocess.run(["prlimit", "--pid", str(agent.pid), limits], check=True)
        result = agent.run("-c", "exit 3")
        assert result.returncode in {70, 74}
        os.kill(reporter_of(agent), signal.SIGKILL)
        wait_for(lambda: agent.logged("reporter-ended"), "the reporter's end")
        assert shell.type("echo still here") == "still here\r\n"
        subprocess.run(["prlimit", "--pid", str(agent.pid), "--nofile=4096:4096"], check=True)
        assert agent.run("-c", "exit 3").returncode == 3
        wait_for(lambda: answer(agent), "another reporter")
        assert agent.logged("agent-failed") == []


# A fault of our own.

FAULTY = f"""
import sys; sys.path.insert(0, {str(AGENT_ROOT)!r})
from pathlib import Path
from troubleshooter_agent import init, process, signals
from troubleshooter_agent.log import Log

folder, port = Path(sys.argv[1]), int(sys.argv[2])


def clock():
    if (folder / "fault").exists():
        (folder / "fault").unlink()
        raise ZeroDivisionError("a fault")
    return process.boot_time()


signals.block(init._SIGNALS)
process.become_subreaper()
settings = init.Settings(
    recordings=folder / "recordings", annotations=folder / "annotations", run_folder=folder / "run",
    termination_log=folder / "termination-log", address=f"@troubleshooter-test-{{port}}",
    listen=("127.0.0.1", port), home="/",
)
sys.exit(init.Init(settings, init._first_state(settings), Log(), clock).run())
"""


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A PID 1 whose clock fails once."""
    prepare(tmp_path, {})
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [*in_namespace(tmp_path), sys.executable, "-c", FAULTY, str(tmp_path), "0"], stderr=log
        ) as process,
    ):
        wait_for(lambda: "event=started" in (tmp_path / "log").read_text(), "the start")
        yield process
        process.kill()


def test_fault_of_the_agent_is_told_and_ends_with_70(
    faulty: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    (tmp_path / "fault").touch()
    assert faulty.wait(20) == 70
    words = (tmp_path / "termination-log").read_text()
    assert '"reason":"AgentFailed"' in words
    assert "a fault" in words
    (line,) = [line for line in (tmp_path / "log").read_text().splitlines() if "agent-failed" in line]
    assert "ZeroDivisionError" in line
