"""README.txt in a folder of recordings: it is there, it is true, and it overwrites nothing."""

import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent import RunningAgent, running_agent
from troubleshooter_agent import readme


def test_first_session_of_a_folder_leaves_it_beside_the_cast(agent: RunningAgent) -> None:
    """While it runs already; with the names of this toolbox. Further sessions leave it as it is."""
    with agent.bash("--user=alice"):
        (file,) = agent.recordings.rglob("README*")
        assert file == agent.path().with_name("README.txt")
        assert file.read_text().startswith("Recorded troubleshooting shells: shop/box\n")
        assert "kubectl troubleshoot play box/ID -n shop\n" in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o660
        before = file.stat()
        agent.run("-c", "true")
        after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in file.parent.glob(".*")] == []


def test_its_line_that_checks_all_hashes_works(agent: RunningAgent) -> None:
    """With real jq and sha256sum; and it finds a changed byte."""
    agent.run("-c", "echo one")
    agent.run("-c", "echo two")
    folder = agent.casts[0].parent
    (line,) = [line for line in (folder / "README.txt").read_text().splitlines() if "jq -r" in line]
    check = ["sh", "-c", f"cd {shlex.quote(str(folder))}; {line}"]
    good = subprocess.run(check, capture_output=True, text=True, check=True).stdout
    assert sorted(good.splitlines()) == [f"{cast.name}: OK" for cast in agent.casts]
    agent.casts[0].write_bytes(agent.casts[0].read_bytes().replace(b"one", b"two"))
    assert subprocess.run(check, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("kind", ["link", "link to nothing", "file", "folder", "FIFO"])
def test_what_is_in_its_place_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    """Whoever had a shell may have put it there; nothing is followed, waited for or overwritten."""
    elsewhere = tmp_path / "elsewhere"
    folder = tmp_path / "folder"
    folder.mkdir()
    place = folder / "README.txt"
    match kind:
        case "link":
            elsewhere.write_text("mine")
            place.symlink_to(elsewhere)
        case "link to nothing":
            place.symlink_to(elsewhere)
        case "file":
            place.write_text("mine")
        case "folder":
            place.mkdir()
        case "FIFO":
            os.mkfifo(place)
    before = place.lstat()
    readme.leave(folder, "3f9k2m1x", "shop", "web")
    assert place.lstat() == before
    assert [path.name for path in folder.iterdir()] == ["README.txt"]
    assert elsewhere.exists() == (kind == "link")


def test_many_that_come_first_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda number: readme.leave(tmp_path, f"{number:08}", "shop", "web"), range(64)):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["README.txt"]
    assert (tmp_path / "README.txt").read_text() == readme.text("shop", "web")


def test_session_that_is_not_saved_leaves_none(tmp_path: Path) -> None:
    with running_agent(tmp_path, save_to_disk="false", recordings_retained="not-requested") as agent:
        assert agent.run("-c", "echo hello").stdout == b"hello\n"
        assert list(agent.recordings.rglob("README*")) == []
