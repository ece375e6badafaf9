"""Folders are counted as the kubelet counts them, in bounded time, whatever is in them."""

import os
import subprocess
from pathlib import Path

from troubleshooter_agent.folders import disk_usage

MIB = 1 << 20


def blocks_of(folder: Path) -> int:
    """What du(1) says."""
    return int(subprocess.check_output(["du", "-s", "-x", "--block-size=512", str(folder)]).split()[0]) * 512


def usage(folder: Path) -> int:
    (used,) = disk_usage([folder], seconds=60.0)
    return used


def test_blocks_count_and_holes_do_not(tmp_path: Path) -> None:
    (tmp_path / "full").write_bytes(bytes(3 * MIB))
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 40)
    assert 3 * MIB <= usage(tmp_path) < 4 * MIB
    assert usage(tmp_path) == blocks_of(tmp_path)


def test_file_with_several_names_counts_once_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "inside" / "deep").mkdir(parents=True)
    (tmp_path / "inside" / "deep" / "file").write_bytes(bytes(MIB))
    for number in range(5):
        os.link(tmp_path / "inside" / "deep" / "file", tmp_path / "inside" / f"name{number}")
    (tmp_path / "outside").write_bytes(bytes(5 * MIB))
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "inside" / "loop").symlink_to(tmp_path / "inside")
    assert MIB <= usage(tmp_path / "inside") < 2 * MIB
    assert usage(tmp_path / "inside") == blocks_of(tmp_path / "inside")


def test_deleted_file_that_is_still_open_is_not_seen(tmp_path: Path) -> None:
    """Nor does the kubelet's du see it."""
    with (tmp_path / "file").open("wb") as file:
        file.write(bytes(3 * MIB))
        file.flush()
        (tmp_path / "file").unlink()
        assert usage(tmp_path) < MIB


def test_missing_and_closed_folders_count_nothing(tmp_path: Path) -> None:
    assert disk_usage([tmp_path / "missing"], seconds=60.0) == [0]
    assert disk_usage([], seconds=60.0) == []


def test_deep_tree_is_counted_as_far_as_a_path_can_name(tmp_path: Path) -> None:
    """4096 bytes of path; nothing is raised beyond them."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("x" * 200, dir_fd=here)
        below = os.open("x" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert usage(tmp_path) >= 0


def test_time_is_bounded_and_what_was_found_counts(tmp_path: Path) -> None:
    """A clock by hand: a second passes with each look at it, so most of the files are not reached."""
    for number in range(100):
        (tmp_path / f"file{number}").write_bytes(bytes(4096))
    looks = iter(range(1000))
    (found,) = disk_usage([tmp_path], seconds=30.0, clock=lambda: float(next(looks)))
    assert 20 * 4096 <= found <= 40 * 4096
