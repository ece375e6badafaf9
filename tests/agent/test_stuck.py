"""A recorder that answers no more: PID 1 ends its session, and nobody hangs."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubelet import AS_TOOLBOX_USER
from processes import is_running, wait_for

from agent import RunningAgent, running_agent

SENTENCE = b"troubleshooter: this session ended, since its recording cannot be written any more"


def test_session_of_a_stopped_recorder_is_ended_by_pid_1(agent: RunningAgent) -> None:
    with agent.bash("--user=stuck") as stuck, agent.bash("--user=other") as other:
        recorder = agent.recorders()[0]
        began = time.monotonic()
        os.kill(recorder, signal.SIGSTOP)
        assert stuck.wait(timeout=20) == 74
        assert 9 < time.monotonic() - began < 18
        assert SENTENCE in stuck.shown
        wait_for(lambda: not is_running(recorder), "the end of the recorder")
        other.sendline("exit 3")
        assert other.wait() == 3
    status = agent.wait_until_closed(2)
    assert status["recordingFailures"] == 1
    cast = agent.cast("stuck")
    assert cast.markers[-1] == (
        "session ended: its recorder did not answer for 15s: the volume takes no more"
    )
    assert cast.summary["repaired"] is True
    assert agent.cast("other").markers[-1] == "session ended: exit status 3"


def test_reader_that_takes_its_time_is_no_stuck_disk(tmp_path: Path) -> None:
    """Also where its pipe is another user's, which cannot be reopened."""
    with running_agent(tmp_path, user=AS_TOOLBOX_USER) as agent:
        session = agent.open("--", "seq", "100000")
        recorder = wait_for(agent.recorders, "the recorder")[0]
        time.sleep(17)  # longer than a recorder may be silent
        assert is_running(recorder)
        out, _ = session.communicate(timeout=20)
        assert session.returncode == 0
        assert out.endswith(b"99999\n100000\n")
        assert agent.cast().shown.encode() == out


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[RunningAgent]:
    """A toolbox whose volume is a disk that can be frozen, which holds every write for ever."""
    image = tmp_path / "volume.ext4"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-E", "root_owner=0:0", image], check=True)
    with running_agent(tmp_path, volume=str(image)) as agent:
        yield agent
        freeze(agent, "--unfreeze")


def freeze(agent: RunningAgent, way: str) -> None:
    subprocess.run(["fsfreeze", way, agent.recordings], check=False, capture_output=True)


def test_disk_that_never_answers_ends_its_sessions_and_then_the_toolbox(disk: RunningAgent) -> None:
    """Such a write is beyond the reach of SIGKILL, so nothing is waited for that waits for the disk."""
    with disk.shell("-c", "trap '' HUP; read line; seq 100; sleep 1000") as shell:
        wait_for(lambda: disk.status()["sessionsActive"] == 1, "the session")
        freeze(disk, "--freeze")
        shell.sendline()
        assert shell.wait(timeout=20) == 74
        assert SENTENCE in shell.shown
        assert b"100" not in shell.shown
        wait_for(lambda: all(state[0] == "Z" for state in disk.processes()["sleep"]), "the end of it")
        status = wait_for(lambda: closed(disk), "its report")
    assert status["recordingFailures"] == 1
    assert status["sessions"][0]["sha256"] is None
    words = wait_for(lambda: said(disk), "its last words", seconds=60)
    assert (words["reason"], words["message"]) == ("RecordingFailed", "no session can be recorded any more")
    freeze(disk, "--unfreeze")  # the kernel lets PID 1 go no sooner than all of its processes
    assert disk.wait() == 74


def said(agent: RunningAgent) -> object:
    return (agent.folder / "termination-log").read_bytes() and agent.last_words()


def closed(agent: RunningAgent) -> object:
    status = agent.status()
    return status if status["sessionsActive"] == 0 else None
