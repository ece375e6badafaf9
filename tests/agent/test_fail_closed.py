"""What cannot be recorded does not start, and what can no longer be recorded ends and says so."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubelet import AS_TOOLBOX_USER
from processes import wait_for

from agent import RunningAgent, running_agent

RESET = "\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m"
ENDED = (
    "\r\n[troubleshooter] this session ended, since it can no longer be recorded: cannot write the recording "
)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[RunningAgent]:
    """A toolbox whose volume is soon full."""
    with running_agent(tmp_path, volume="300k", time_to_live="1h", idle_timeout="1h") as agent:
        yield agent


def fill(agent: RunningAgent) -> None:
    """Write to the volume whatever it takes, as another pod on it may."""
    agent.inside("sh", "-c", f"cat /dev/zero > {agent.folder}/recordings/ballast || true")


def limit_files_of(recorder: int, size: int) -> None:
    subprocess.run(["prlimit", "--pid", str(recorder), f"--fsize={size}:{size}"], check=True)


def test_full_volume_ends_the_session_and_nothing_unrecorded_was_shown(small: RunningAgent) -> None:
    """The last marker has room that was kept for it, and so has the summary."""
    with small.shell(
        "-c", "trap '' HUP; stty -echo; echo go; read line; seq 400000; echo never; exit 0"
    ) as shell:
        shell.expect("go\r\n")
        shell.sendline()
        shown = shell.drain().decode()
        assert shell.wait() == 74
    cast = small.cast()
    shown_before, _, sentence = f"go\r\n{shown}".partition(RESET)
    assert cast.shown.startswith(shown_before)
    assert "never" not in cast.shown
    assert sentence.startswith(f"{ENDED}{small.folder}/recordings/shop/box/")
    assert "No space left on device (make the claim larger where its class allows that" in sentence
    assert cast.cat().decode() == cast.shown
    assert cast.markers[1].startswith("session ended: cannot write the recording")
    assert cast.summary["exitCode"] == 74
    assert "No space left on device" in cast.summary["failure"]
    assert cast.summary["bytes"] == cast.path.stat().st_size


def test_failure_is_told_wherever_somebody_looks(small: RunningAgent) -> None:
    assert small.run("-c", "seq 400000").returncode == 74
    status = small.wait_until_closed(1)
    assert status["recordingFailures"] == 1
    assert status["sessions"][0]["exitCode"] == 74
    (line,) = small.logged("session-ended")
    assert "failure=no-space" in line
    fill(small)
    assert small.run("-c", "echo never").returncode == 74
    wait_for(lambda: small.status()["recordingFailures"] == 2, "the second failure")
    small.terminate()
    assert small.wait() == 143
    words = small.last_words()
    assert (words["reason"], words["recordingFailures"], words["sessionCount"]) == ("PodDeleted", 2, 1)


def test_sessions_on_a_full_volume_each_end_when_it_can_no_longer_take_their_words(
    small: RunningAgent,
) -> None:
    """A session that says nothing needs no room; whatever becomes of it, its last marker is there."""
    with small.bash("--user=busy") as busy, small.bash("--user=quiet") as quiet:
        fill(small)
        busy.sendline("head -c 9000 /dev/zero | tr '\\0' x")
        assert busy.wait() == 74
        assert ENDED in busy.shown.decode()
        assert small.cast("busy").shown.startswith(busy.shown.decode().partition(RESET)[0])
        quiet.sendline("exit 3")
        assert quiet.wait() == 3
    assert small.cast("busy").markers[-1].startswith("session ended: cannot write the recording")
    assert small.cast("quiet").markers[-1] == "session ended: exit status 3"


def test_shell_without_room_does_not_start_and_leaves_nothing_behind(small: RunningAgent) -> None:
    fill(small)
    with small.shell("-c", f"touch {small.folder}/ran") as shell:
        assert shell.wait() == 74
        assert b"troubleshooter: no shell without a recording: cannot write the recording" in shell.shown
        assert b"No space left on device" in shell.shown
    assert not (small.folder / "ran").exists()
    assert [path.name for path in small.recordings.rglob("*") if path.is_file()] == ["ballast"]
    assert small.status()["sessionCount"] == 0


@pytest.mark.parametrize("way", ["terminal", "pipes"])
def test_limit_that_stops_the_recording_ends_a_session_that_ignores_hang_ups(
    agent: RunningAgent, way: str
) -> None:
    """There is no room for a last marker then; what is in the file is whole and opens."""
    puppet = agent.puppet() if way == "terminal" else None
    session = (
        None if puppet else agent.open("-c", "trap '' HUP TERM; echo a; while :; do echo b; sleep 0.01; done")
    )
    (recorder,) = wait_for(agent.recorders, "the recorder")
    wait_for(lambda: agent.casts and "\n" in agent.cast().shown, "the first words")
    limit_files_of(recorder, agent.path().stat().st_size + 200)
    if puppet:
        puppet.write(b"x" * 500)
        assert puppet.shell.wait() == 74
        assert puppet.shell.shown.decode().startswith(f"ready\n{RESET}{ENDED}")
    else:
        assert session
        out, _ = session.communicate(timeout=20)
        assert session.returncode == 74
        assert agent.cast().shown.encode().startswith(out)
    agent.wait_until_closed(1)
    assert agent.cast().cat().decode() == agent.cast().shown
    assert agent.status()["recordingFailures"] == 1
    assert "python" not in agent.processes()
    assert "sleep" not in agent.processes()


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        ("mount -o remount,ro {}", "Read-only file system (the volume was mounted read-only"),
        ("chmod 500 {}", "Permission denied (the volume must be writable for the pod's user"),
    ],
    ids=["read-only", "not ours"],
)
def test_volume_that_cannot_be_written_lets_no_shell_start(tmp_path: Path, prepare: str, why: str) -> None:
    with running_agent(tmp_path, volume="1m", user=AS_TOOLBOX_USER) as agent:
        volume = f"{agent.folder}/recordings"
        target = ["nsenter", "--target", str(agent.pid), "--mount", "--"]
        subprocess.run([*target, "sh", "-c", prepare.format(volume)], check=True)
        with agent.shell("-c", f"touch {agent.folder}/home/ran") as shell:
            assert shell.wait() == 74
            assert b"no shell without a recording" in shell.shown
            assert why in shell.shown.decode()
        assert not (agent.folder / "home" / "ran").exists()
        assert list(agent.recordings.iterdir()) == []
        wait_for(lambda: agent.status()["recordingFailures"] == 1, "the failure")
        (line,) = agent.logged("session-not-recorded")
        assert "Traceback" not in agent.log
        assert why[:9] in line


def test_volume_that_is_back_records_again(tmp_path: Path) -> None:
    with running_agent(tmp_path, volume="1m") as agent:
        target = ["nsenter", "--target", str(agent.pid), "--mount", "--", "mount", "-o"]
        for option, status in (("remount,ro", 74), ("remount,rw", 3)):
            subprocess.run([*target, option, f"{agent.folder}/recordings"], check=True)
            assert agent.run("-c", "exit 3").returncode == status


def test_volume_that_stays_full_ends_the_toolbox_once_no_session_is_open(small: RunningAgent) -> None:
    with small.bash("--user=quiet") as quiet:
        fill(small)
        assert small.run("-c", "echo never").returncode == 74
        quiet.sendline("exit 3")
        assert quiet.wait() == 3
    assert small.wait(60) == 74
    assert len(small.logged("volume-failed")) == 3
    words = small.last_words()
    assert (words["reason"], words["message"]) == ("RecordingFailed", "no session can be recorded any more")


def test_volume_with_room_again_keeps_the_toolbox(small: RunningAgent) -> None:
    fill(small)
    assert small.run("-c", "echo never").returncode == 74
    wait_for(lambda: small.logged("volume-failed"), "the first trial")
    small.inside("rm", f"{small.folder}/recordings/ballast")
    assert small.run("-c", "exit 3").returncode == 3
    assert [path.name for path in small.recordings.rglob(".*")] == []
