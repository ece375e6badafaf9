"""How much memory a control group has in use, and how much it may; called by PID 1 through `guard`.

In a container the folder is the container's own, of either version of cgroups. It only reads.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path("/sys/fs/cgroup")
_UNLIMITED: Final = 1 << 60  # version 1 says so by the largest number that is whole pages


@dataclass(frozen=True)
class Memory:
    """Bytes. `used` is at most what is in use: what the kernel can give back at once may be among it."""

    used: int
    limit: int

    @property
    def share(self) -> float:
        return self.used / self.limit


@dataclass(frozen=True)
class _Names:
    """Files of one version, and how its memory.stat calls the pages of files."""

    usage: str
    limit: str
    files: tuple[str, str]


_VERSION_2: Final = _Names("memory.current", "memory.max", ("inactive_file", "active_file"))
_VERSION_1: Final = _Names(
    "memory.usage_in_bytes", "memory.limit_in_bytes", ("total_inactive_file", "total_active_file")
)


def folder_of(mount: Path = FOLDER) -> Path:
    """Where the container's memory is told of; version 1 has a folder for each kind of resource."""
    nested = mount / "memory"
    return nested if (nested / _VERSION_1.usage).exists() else mount


def read_usage(folder: Path) -> Memory | None:
    """All that is charged to the group, the cache of files included; None where there is no limit."""
    names = _names(folder)
    try:
        used, limit = int((folder / names.usage).read_bytes()), int((folder / names.limit).read_bytes())
    except (OSError, ValueError):  # `max`, or no such file
        return None
    return Memory(used, limit) if 0 < limit < _UNLIMITED else None


def read_memory(folder: Path) -> Memory | None:
    """The same without the pages of files, which the kernel takes back before it kills anybody.

    The kubelet's working set leaves out the inactive ones alone. But a file that is read twice is active:
    `grep` over a large log looked like 79 % of a limit of which 0.2 % were in use (docs/decisions/004).
    """
    memory = read_usage(folder)
    if memory is None:
        return None
    try:
        lines = (folder / "memory.stat").read_text().splitlines()
        counts = {name: int(count) for name, _, count in (line.partition(" ") for line in lines)}
    except (OSError, ValueError):
        return None
    pages_of_files = sum(counts.get(name, 0) for name in _names(folder).files)
    return Memory(max(0, memory.used - pages_of_files), memory.limit)


def _names(folder: Path) -> _Names:
    return _VERSION_2 if (folder / _VERSION_2.usage).exists() else _VERSION_1
