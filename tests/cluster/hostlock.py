"""One cluster per host: a lock that the node itself holds for its life, and a record of whose it is.

The lock is flock(2) on an open file that the node inherits, so it is free the moment the node is gone,
however it went. The record in the same file tells people whose the cluster is, and where its state lies.
"""

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from places import State


@dataclass(frozen=True)
class Record:
    """Whose cluster it is. `pid` is the process to kill; `content` is what the cluster is made from."""

    pid: int
    user: str
    checkout: str
    content: str
    root: str
    logs: str
    since: str

    @property
    def state(self) -> State:
        return State(Path(self.root), Path(self.logs))


def acquire(path: Path) -> int | None:
    """The file descriptor that holds the lock, or None where somebody else's does."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_held(path: Path) -> bool:
    """Whether a cluster is up, or starting."""
    if not path.exists():
        return False
    descriptor = acquire(path)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def write(descriptor: int, record: Record) -> None:
    """Leave the record in the locked file."""
    text = json.dumps(asdict(record)).encode()
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))


def read(path: Path) -> Record | None:
    """The last record, whether its cluster still lives or not; None if there is none that can be read."""
    with suppress(OSError, ValueError, TypeError):
        return Record(**json.loads(path.read_text()))
    return None


def description(record: Record) -> str:
    return f"started from {record.checkout} by {record.user}, {record.since}, process {record.pid}"


def refusal(record: Record) -> str:
    """Why no second cluster starts, and what to do about it."""
    return (
        f"A cluster made from other files is up on this host: {description(record)}. Either end that "
        "one with `make cluster-down` (ask first if it is not yours), or start another beside it with "
        "TROUBLESHOOTER_CLUSTER=1."
    )
