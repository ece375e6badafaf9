"""The node's control groups. The kubelet works below a group of our own, so what is left can be told apart.

cgroup v2 has one tree; v1 has one for each controller, often with an empty one of v2 beside them, where runc
makes groups as well. The kubelet wants its root to exist in all that it uses.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from places import SUFFIX
from progress import wait_until

NAME = f"troubleshooter-cluster{SUFFIX}"
END_DEADLINE = 30.0


def trees(mountinfo: str) -> list[Path]:
    """The mount points of every tree of control groups, from the text of /proc/PID/mountinfo."""
    lines = (line.split(" - ") for line in mountinfo.splitlines())
    return [Path(fields.split()[4]) for fields, rest in lines if rest.split()[0] in ("cgroup", "cgroup2")]


def make() -> None:
    """Make the group in every tree; in v2 with all its controllers handed down."""
    for tree in _trees():
        controllers = tree / "cgroup.controllers"
        if controllers.exists():
            names = controllers.read_text().split()
            (tree / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in names))
        (tree / NAME).mkdir(exist_ok=True)


def remove() -> None:
    """Remove the group with all below it, once their last processes are gone."""
    for folder in _deepest_first(tree / NAME for tree in _trees()):
        wait_until(partial(_removed, folder), f"the end of the processes in {folder}", END_DEADLINE)


def _trees() -> list[Path]:
    return trees(Path("/proc/self/mountinfo").read_text())


def _deepest_first(roots: Iterable[Path]) -> list[Path]:
    entries = (entry for root in roots if root.exists() for entry in (root, *root.rglob("*")))
    return sorted(filter(Path.is_dir, entries), key=lambda folder: len(folder.parts), reverse=True)


def _removed(folder: Path) -> bool:
    with suppress(OSError):  # busy until its last process is reaped
        folder.rmdir()
    return not folder.exists()
