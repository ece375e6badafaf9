"""Processes of containers from outside, where the kernel and the node's owner see them; needs root."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from processes import is_running, name_of


def container_of(pod: Any) -> str:
    """The id of a pod's only container."""
    (status,) = pod["status"]["containerStatuses"]
    return str(status["containerID"].rpartition("/")[2])


def processes_of(container: str) -> Iterator[int]:
    """All of its processes, by their control group: the node's processes are this host's too."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if container in (folder / "cgroup").read_text() and is_running(int(folder.name)):
                yield int(folder.name)
        except OSError:
            continue  # it has just ended


def init_of(container: str) -> int:
    """The process that is number 1 inside."""
    return next(pid for pid in processes_of(container) if _number_inside(pid) == 1)


def process_of(container: str, name: str) -> int:
    """The only one of that name, as ps shows it."""
    (found,) = [pid for pid in processes_of(container) if name_of(pid) == name]
    return found


def _number_inside(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("NSpid:")).split()[-1])
