"""Other processes as a test looks at them from outside, and waiting until they are as they should be."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 20.0


def wait_for(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Poll until `look` gives something true; AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds:g}s in vain for {what}")


def children_of(pid: int) -> list[int]:
    """The children of a process, which may have ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants_of(pid: int) -> list[int]:
    """The children of a process, and theirs."""
    return [found for child in children_of(pid) for found in (child, *descendants_of(child))]


def child_of(pid: int) -> int | None:
    return next(iter(children_of(pid)), None)


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie: not every machine's init reaps at once."""
    return state_of(pid) not in "ZX"


def state_of(pid: int) -> str:
    """The letter that ps shows; X for a process that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def name_of(pid: int) -> str:
    """A process's name as ps shows it; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
