"""What real processes hold and have written, seen from outside of them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import wait_for

from troubleshooter_agent.footprint import NOTHING, has_open, members, resident_bytes, written_by

MIB = 1 << 20


@contextmanager
def shell(script: str) -> Iterator[int]:
    """A shell that has done what the script says and waits; a parent of what it has started."""
    with subprocess.Popen(
        ["bash", "-c", f"{script}\necho done; read line; true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"done\n"
        yield process.pid


def is_in_memory(folder: Path) -> bool:
    kind = subprocess.check_output(["stat", "--file-system", "--format=%T", str(folder)]).strip()
    return kind in {b"tmpfs", b"ramfs"}


def test_memory_of_all_that_a_session_started_is_counted() -> None:
    hog = f"{sys.executable} -c 'import time; held = bytes(range(256)) * 4096 * 50; time.sleep(100)' & hog=$!"
    with shell(hog) as pid:
        wait_for(lambda: 50 * MIB < resident_bytes(members(pid)) < 90 * MIB, "50 MiB")
        subprocess.run(["kill", *map(str, members(pid))], check=True)
        wait_for(lambda: resident_bytes(members(pid)) == 0, "nothing")


def test_what_an_ended_child_wrote_is_its_parent_s(tmp_path: Path) -> None:
    if is_in_memory(tmp_path):
        pytest.skip(f"{tmp_path} stores nothing")
    with shell(f"head -c 3M /dev/zero > {tmp_path}/file") as pid:
        written = written_by([pid])
        assert 3 * MIB <= written.stored < 4 * MIB
        assert 3 * MIB <= written.called < 4 * MIB


def test_file_below_a_folder_is_seen_while_it_is_open(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in.side").touch()
    with shell(f"exec 5> {tmp_path}/in/file 6< {tmp_path}/in.side") as pid:
        assert has_open([pid], tmp_path / "in")
        assert has_open([pid], tmp_path)
        assert not has_open([pid], tmp_path / "in.s")
        assert not has_open([pid], tmp_path / "out")


def test_process_that_has_ended_counts_nothing(tmp_path: Path) -> None:
    gone = 2**22 + 1
    assert resident_bytes([gone]) == 0
    assert written_by([gone]) == NOTHING
    assert not has_open([gone], tmp_path)
    assert members(gone) == []


def test_session_of_very_many_processes_is_told_by_a_thousand(tmp_path: Path) -> None:
    """A fork bomb must not keep PID 1 busy; a tree as /proc shows it."""
    (tmp_path / "1" / "task" / "1").mkdir(parents=True)
    (tmp_path / "1" / "task" / "1" / "children").write_text(" ".join(str(pid) for pid in range(2, 5000)))
    assert members(1, tmp_path) == list(range(2, 1002))
