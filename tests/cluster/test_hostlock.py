"""One cluster per host: who holds the lock, for how long, and what others are told."""

import os
import subprocess
from pathlib import Path

import hostlock
from hostlock import Record

RECORD = Record(
    pid=4711,
    user="ada",
    checkout="/home/ada/troubleshooter",
    content="0123456789ab",
    root="/home/ada/.cache/troubleshooter/cluster",
    logs="/home/ada/.cache/troubleshooter/logs/cluster-1",
    since="2026-11-22 18:40:03 UTC",
)


def test_the_lock_lives_as_long_as_the_process_that_inherited_it(tmp_path: Path) -> None:
    """The harness may go; the node keeps the lock, and loses it by being killed."""
    path = tmp_path / "run" / "lock"
    descriptor = hostlock.acquire(path)
    assert descriptor is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(descriptor,)) as node:
        os.close(descriptor)
        assert hostlock.acquire(path) is None
        assert hostlock.is_held(path)
        node.kill()
    assert not hostlock.is_held(path)


def test_the_record_is_read_back(tmp_path: Path) -> None:
    """A shorter record leaves nothing of a longer one."""
    path = tmp_path / "lock"
    path.write_text("x" * 4096)
    descriptor = hostlock.acquire(path)
    assert descriptor is not None
    hostlock.write(descriptor, RECORD)
    os.close(descriptor)
    assert hostlock.read(path) == RECORD


def test_no_record_is_no_error(tmp_path: Path) -> None:
    """A lock file that was never written, or by another version, says nothing."""
    assert hostlock.read(tmp_path / "none") is None
    assert not hostlock.is_held(tmp_path / "none")
    (tmp_path / "old").write_text('{"pid": 1}')
    assert hostlock.read(tmp_path / "old") is None


def test_the_refusal_says_whose_it_is_and_what_to_do() -> None:
    """One sentence each: what is there, whose it is, the remedy."""
    assert hostlock.refusal(RECORD) == (
        "A cluster made from other files is up on this host: started from /home/ada/troubleshooter by ada, "
        "2026-11-22 18:40:03 UTC, process 4711. Either end that one with `make cluster-down` (ask first if "
        "it is not yours), or start another beside it with TROUBLESHOOTER_CLUSTER=1."
    )
