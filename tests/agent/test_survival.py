"""Who outlives whom: recorders, the reporter, orphans, and PID 1 with a fault of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubelet import AGENT_ROOT, in_namespace, prepare
from processes import children_of, is_running, name_of, wait_for

from agent import RunningAgent


def test_orphans_leave_no_zombie(toolbox: RunningAgent) -> None:
    """Of a recorded shell, where the recorder gets them, and of an unrecorded process, where PID 1 does."""
    with toolbox.bash() as shell:
        shell.type("(setsid sh -c 'sleep 0.1 & sleep 0.1' &)")
        toolbox.inside("sh", "-c", "(setsid sh -c 'sleep 0.1 & sleep 0.1' &)")
        wait_for(lambda: not {"sleep", "sh"} & set(toolbox.processes()), "the end of all orphans")
        assert not [state for states in toolbox.processes().values() for state in states if "Z" in state]


RUNS = "until grep -q sleep /proc/$!/comm; do :; done"
LEFT_BEHIND = {
    "background": "sleep 3001 &",
    "nohup": "nohup sleep 3001 > /dev/null 2>&1 &",
    "disown": "sleep 3001 & disown",
    "setsid": "setsid sleep 3001 &",
    "setsid that forks": "setsid -f sleep 3001 > /dev/null 2>&1",
    "double fork": "(setsid sleep 3001 &)",
    "deaf double fork": "(trap '' HUP TERM INT CONT; setsid bash -c 'sleep 3001; true' &)",
    "stopped": f"sleep 3001 & {RUNS}; kill -STOP $!",
    "stopped double fork": f"(setsid bash -c 'sleep 3001 & {RUNS}; kill -STOP $!; exit' &)",
    "coprocess": "coproc sleep 3001",
    "end of a pipe": "exec 5> >(setsid sleep 3001)",
    "script": "script -qc 'sleep 3001' /dev/null > /dev/null < /dev/null &",
    "tmux": "tmux -f /dev/null -S ~/tmux new -d 'sleep 3001'",
    "replaces itself": "(setsid bash -c 'while :; do sleep 3001 & sleep 0.02; kill $!; done' &) 2> /dev/null",
}


@pytest.mark.parametrize("line", LEFT_BEHIND.values(), ids=LEFT_BEHIND.keys())
def test_nothing_outlives_its_session(toolbox: RunningAgent, line: str) -> None:
    """However it was left behind, and though the shell itself was killed; the toolbox goes on."""
    before = programs(toolbox)
    with toolbox.bash() as shell:
        shell.sendline(line)
        wait_for(lambda: "sleep" in toolbox.processes(), "what is left behind")
        shell.sendline("kill -KILL $$")
        ended = time.monotonic()
        assert shell.wait() == 137
        wait_for(lambda: programs(toolbox) == before, "the end of what was left behind", seconds=6)
        assert time.monotonic() - ended < 6


def programs(toolbox: RunningAgent) -> dict[str, int]:
    """How many there are of each, without the toolbox's own and the clients, which come and go."""
    return {
        name: len(states)
        for name, states in toolbox.processes().items()
        if not name.startswith(("tshoot-", "python"))
    }


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
        wait_for(lambda: "tshoot-measure" not in agent.processes(), "the end of a measurement")
        in_use = max(int(fd.name) for fd in Path(f"/proc/{agent.pid}/fd").iterdir())
        limits = f"--nofile={in_use + 5}:4096"  # room for a client and its terminal, not for a recorder
        subprocess.run(["prlimit", "--pid", str(agent.pid), limits], check=True)
        result = agent.run("-c", "exit 3")
        assert result.returncode in {70, 74, 126}
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
