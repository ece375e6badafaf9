"""Sessions in the container's log, beside their recordings and instead of them; the log is a real pipe."""

import contextlib
import fcntl
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from logged import events_of
from processes import wait_for

from agent import RunningAgent, running_agent

F_SETPIPE_SZ = 1031


class LogReader:
    """Reads the container's log only when it is told to."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._text = b""

    def lines(self) -> list[dict[str, Any]]:
        """All lines so far."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._fd, 1 << 16):
                self._text += piece
        return [json.loads(line) for line in self._text.split(b"\n")[:-1]]

    def wait_for_the_end(self) -> list[dict[str, Any]]:
        """All lines, once the last one of a session is there."""

        def look() -> list[dict[str, Any]] | None:
            lines = self.lines()
            told = [line for line in lines if line["message"].startswith("session ended: ")]
            return lines if told else None

        found: list[dict[str, Any]] = wait_for(look, "the last line of a session")
        return found


@pytest.fixture
def pipe() -> Iterator[tuple[LogReader, int]]:
    """A log of 4 KiB between its writers and its reader."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    fcntl.fcntl(theirs, F_SETPIPE_SZ, 4096)
    yield LogReader(ours), theirs
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def log(pipe: tuple[LogReader, int]) -> LogReader:
    return pipe[0]


@pytest.fixture
def agent(tmp_path: Path, pipe: tuple[LogReader, int]) -> Iterator[RunningAgent]:
    with running_agent(tmp_path, stdout=pipe[1], log_to_stdout="true") as agent:
        yield agent


@pytest.fixture
def unsaved(tmp_path: Path, pipe: tuple[LogReader, int]) -> Iterator[RunningAgent]:
    with running_agent(
        tmp_path,
        stdout=pipe[1],
        log_to_stdout="true",
        save_to_disk="false",
        recordings_retained="not-requested",
    ) as agent:
        yield agent


def test_log_holds_the_whole_session_beside_its_recording(agent: RunningAgent, log: LogReader) -> None:
    assert agent.run("--user=alice", "-c", "printf '\\033[1mnaïve 世界\\033[0m\\n'; exit 3").returncode == 3
    lines = log.wait_for_the_end()
    cast = agent.cast("alice")
    header, *rest = events_of(lines)
    assert json.loads(header[2]) == cast.header
    assert tuple(rest) == cast.events
    assert "naïve 世界\n" in [line["message"] for line in lines]
    assert {line["troubleshooter"]["user"] for line in lines} == {"alice"}


def test_slow_reader_of_the_log_delays_no_session(agent: RunningAgent, log: LogReader) -> None:
    """200 KB for a log that holds 4: the session is over long before anybody reads."""
    assert agent.run("--user=alice", "-c", "seq 30000").returncode == 0
    assert "29999\n30000\n" in agent.cast("alice").shown
    assert not any(line["message"].startswith("session ended: ") for line in log.lines())
    _, *rest = events_of(log.wait_for_the_end())
    assert tuple(rest) == agent.cast("alice").events


def test_what_nobody_has_read_by_the_end_is_counted(agent: RunningAgent, log: LogReader) -> None:
    assert agent.run("--user=alice", "-c", "seq 30000").returncode == 0
    agent.terminate()
    assert agent.wait() == 143
    (dropped,) = agent.logged("log-lines-dropped")
    assert int(dropped.rpartition("lines=")[2].split()[0]) > 40
    assert [line["troubleshooter"]["sequence"] for line in log.lines()] == list(range(len(log.lines())))


def test_two_sessions_at_once_do_not_mix_their_lines(agent: RunningAgent, log: LogReader) -> None:
    with (
        agent.shell("--user=alice", "-c", "seq 5000") as one,
        agent.shell("--user=bob", "-c", "seq 5000") as two,
    ):
        assert (one.wait(), two.wait()) == (0, 0)

    def look() -> bool:
        return len([line for line in log.lines() if line["message"].startswith("session ended: ")]) == 2

    wait_for(look, "both ends")
    for user in ("alice", "bob"):
        mine = [line for line in log.lines() if line["troubleshooter"]["user"] == user]
        _, *rest = events_of(mine)
        assert tuple(rest) == agent.cast(user).events


def test_session_can_be_in_the_log_alone(unsaved: RunningAgent, log: LogReader) -> None:
    with unsaved.shell("--user=alice") as shell:
        shell.expect("in the container's log alone")
        shell.sendline("echo for the $((1))og; exit 4")
        assert shell.wait() == 4
    lines = log.wait_for_the_end()
    assert any("for the 1og" in line["message"] for line in lines)
    (told,) = unsaved.wait_until_closed(1)["sessions"]
    assert told["file"] == ""
    assert told["bytes"] > 100
    wait_for(lambda: unsaved.casts == [], "the end of what attach needed")
    assert unsaved.summaries() == []


def test_session_in_the_log_alone_ends_when_it_is_logged_no_more(
    unsaved: RunningAgent, log: LogReader
) -> None:
    with unsaved.shell("--user=alice") as shell:
        shell.expect("in the container's log alone")
        (shipper,) = wait_for(lambda: unsaved.named("tshoot-shipper"), "the process that copies")
        os.kill(shipper, signal.SIGKILL)
        shell.expect("cannot be copied to the container's log")
        assert shell.wait() == 124
    assert len(unsaved.logged("session-not-logged")) == 1


def test_session_that_is_recorded_nowhere_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with running_agent(tmp_path, save_to_disk="false", recordings_retained="not-requested") as agent:
        with agent.shell("--user=alice") as shell:
            shell.expect("this shell of alice (not verified) is NOT recorded")
            shell.sendline("exit 6")
            assert shell.wait() == 6
        status = agent.wait_until_closed(1)
        assert [(told["file"], told["bytes"], told["sha256"]) for told in status["sessions"]] == [
            ("", 0, None)
        ]
        assert agent.casts == []
        assert agent.summaries() == []
