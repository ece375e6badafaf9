"""What the processes of a session hold and have written, from /proc; called by PID 1 through `guard`.

It reads only what no process can make it wait for: /proc/PID/smaps would be more exact than statm, but
waits for the lock of a memory that may belong to somebody hostile.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from troubleshooter_agent import process

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_MOST_PROCESSES: Final = 1000  # of a session: one with more is told by these
_MOST_DESCRIPTORS: Final = 1000
_PROC: Final = Path("/proc")


@dataclass(frozen=True)
class Written:
    """Bytes that processes caused to be stored, and that they gave to write(2) for whatever end."""

    stored: int
    called: int


NOTHING: Final = Written(0, 0)


def members(recorder: int, proc: Path = _PROC) -> list[int]:
    """The processes of a session: all below its recorder, which is itself none of them."""
    return process.descendants(recorder, proc, most=_MOST_PROCESSES)[:_MOST_PROCESSES]


def resident_bytes(pids: Iterable[int], proc: Path = _PROC) -> int:
    """The sum of what processes have in memory; what several share counts for each."""
    return sum(_resident_pages(proc / str(pid)) for pid in pids) * _PAGE


def written_by(pids: Iterable[int], proc: Path = _PROC) -> Written:
    """What processes have written; the kernel adds to a parent's what its ended children wrote."""
    found = [_written(proc / str(pid)) for pid in pids]
    return Written(sum(one.stored for one in found), sum(one.called for one in found))


def has_open(pids: Iterable[int], folder: Path, proc: Path = _PROC) -> bool:
    """Whether one of the processes has a file below `folder` open."""
    return any(_opens(proc / str(pid) / "fd", f"{folder}/") for pid in pids)


def _resident_pages(member: Path) -> int:
    try:
        return int((member / "statm").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):  # it has ended
        return 0


def _written(member: Path) -> Written:
    try:
        lines = (member / "io").read_text().splitlines()
        counts = {name: int(count) for name, _, count in (line.partition(": ") for line in lines)}
        return Written(counts["write_bytes"], counts["wchar"])
    except (OSError, ValueError, KeyError):  # it has ended, or belongs to another user
        return NOTHING


def _opens(descriptors: Path, prefix: str) -> bool:
    try:
        names = os.listdir(descriptors)[:_MOST_DESCRIPTORS]  # noqa: PTH208 - most are not looked at
    except OSError:  # it has ended
        return False
    return any(_target(descriptors / name).startswith(prefix) for name in names)


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:  # closed meanwhile
        return ""
