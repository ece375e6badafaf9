"""A control group of a test's own, in which an agent really runs out of memory or processes.

Only root may make one, and not in every container; a test without it is skipped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from processes import PATIENCE, wait_for

MOUNT = Path("/sys/fs/cgroup")


@contextmanager
def group(controller: str, limits: dict[str, str]) -> Iterator[Path]:
    """A group with such limits (names of both versions, of which those that are there are written)."""
    tree = MOUNT / controller if (MOUNT / controller).exists() else MOUNT
    folder = tree / f"troubleshooter-test-{id(limits):x}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here ({error})")
    try:
        known = [name for name in limits if (folder / name).exists()]
        if not known:
            pytest.skip(f"the controller {controller} is not handed down here")
        for name in known:
            (folder / name).write_text(limits[name])
        yield folder
    finally:
        wait_for(lambda: is_gone(folder), f"the end of the processes in {folder}", seconds=PATIENCE)


def enter(folder: Path, pid: int) -> None:
    """Move a process into a group; what it starts from now on is there too."""
    (folder / "cgroup.procs").write_text(str(pid))


def is_gone(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # busy until its last process is reaped
        return False
    return True
