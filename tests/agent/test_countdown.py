"""The file that prompts count down by."""

import os
from pathlib import Path

import pytest
from processes import wait_for

from agent import RunningAgent
from troubleshooter_agent import countdown


def test_file_holds_whole_seconds_and_anybody_may_read_it(tmp_path: Path) -> None:
    countdown.write(tmp_path, 4711.9)
    countdown.write(tmp_path, 4712.9)
    assert [path.name for path in tmp_path.iterdir()] == ["ends-at"]
    assert (tmp_path / "ends-at").read_bytes() == b"4712\n"
    assert (tmp_path / "ends-at").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("name", ["ends-at", ".ends-at.part"])
def test_what_somebody_has_put_in_its_place_is_neither_followed_nor_waited_for(
    tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    for put in (lambda path: path.symlink_to(victim), os.mkfifo, lambda path: path.hardlink_to(victim)):
        put(tmp_path / name)
        countdown.write(tmp_path, 1.0)
        assert (tmp_path / "ends-at").read_bytes() == b"1\n"
        assert victim.read_text() == "whole"
        (tmp_path / "ends-at").unlink()


def test_pid_1_keeps_it_true(agent: RunningAgent) -> None:
    """An hour from its start on, and later when the operator grants more; as /proc/uptime counts."""
    file = agent.folder / "run" / "ends-at"
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    first = int(file.read_text())
    assert uptime + 3600 - 60 < first <= uptime + 3600
    agent.annotate(time_to_live="1h15m")
    wait_for(lambda: int(file.read_text()) - first == 900, "the new end")


def test_a_folder_that_cannot_be_written_to_ends_nothing(agent: RunningAgent) -> None:
    """It is told in the log, and shells open as ever."""
    file = agent.folder / "run" / "ends-at"
    file.unlink()
    file.mkdir()
    agent.annotate(time_to_live="1h15m")
    wait_for(lambda: agent.logged("no-time-for-prompts"), "the line in the log")
    assert agent.run("-c", "echo open").stdout == b"open\n"
