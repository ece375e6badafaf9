"""Removing what is no longer wanted: old builds, old logs, the state of a cluster that is gone."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from progress import HarnessError


def keep_latest(paths: Iterable[Path], count: int) -> None:
    """Remove all but the latest few files or folders, by the time of their last change."""
    for old in sorted(paths, key=lambda path: path.stat().st_mtime)[:-count]:
        remove_tree(old)


def remove_tree(path: Path) -> None:
    """Remove a file, or a folder with all in it; never through a mount, which may be anybody's."""
    if below := mounts_below(path, Path("/proc/self/mountinfo").read_text()):
        raise HarnessError(f"{path} has mounts below it: unmount {' '.join(below)}, then start again.")
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def mounts_below(folder: Path, mountinfo: str) -> list[str]:
    """The mount points inside a folder, from the text of /proc/PID/mountinfo."""
    points = (line.split()[4] for line in mountinfo.splitlines())
    return [point for point in points if point.startswith(f"{folder}/")]
