"""What the kernel lets a process say of itself, and how to end all that descends from one.

Called by PID 1, recorders and clients. Every kernel number that Python lacks stands here.
"""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NAME: Final = 15
_PR_SET_CHILD_SUBREAPER: Final = 36


def rename(name: str) -> None:
    """Show `name` (at most 15 bytes) in ps and top."""
    _prctl(_PR_SET_NAME, name.encode())


def become_undumpable() -> None:
    """Keep processes of the same user from tracing us and from opening our descriptors through /proc."""
    _prctl(_PR_SET_DUMPABLE, 0)


def become_dumpable() -> None:
    """Undo `become_undumpable`, for a process that is about to become an ordinary program."""
    _prctl(_PR_SET_DUMPABLE, 1)


def become_subreaper() -> None:
    """Have orphans of our descendants become our children instead of those of PID 1."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def descendants(
    pid: int, proc: Path = Path("/proc"), *, most: int | None = None, spare: frozenset[int] = frozenset()
) -> list[int]:
    """All processes below `pid`, parents first, but `spare` and what is below those.

    Those that end meanwhile are left out. The search ends once `most` are found, or a few more.
    """
    found: list[int] = []
    queue = [pid]
    while queue and (most is None or len(found) < most):
        children = [child for child in _children(queue.pop(), proc) if child not in spare]
        found += children
        queue += children
    return found


def kill_descendants(pid: int, *, spare: frozenset[int] = frozenset(), seconds: float = 1.0) -> int:
    """SIGKILL all below `pid` but `spare` and what is below those, again until none is left; how many.

    A process that forks faster than one pass is caught by the next; `seconds` bounds the whole. Nothing
    is reaped here, so a pidfd of a child stays good.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        alive = [process for process in descendants(pid, spare=spare) if not _is_zombie(process)]
        if not alive:
            break
        signal_all(alive, signal.SIGKILL)
        killed.update(alive)
        time.sleep(0.001)  # the kernel needs a moment to take them down
    return len(killed)


def signal_all(pids: Iterable[int], *numbers: signal.Signals) -> None:
    """Send signals to processes; those that are gone, or of another user, are passed over."""
    for pid in pids:
        for number in numbers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def reap(spare: frozenset[int] = frozenset()) -> None:
    """Collect ended children that nobody else waits for; `spare` are waited for by their pidfd."""
    try:
        if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return  # the usual case, told by one call
    except ChildProcessError:
        return
    for child in _children(os.getpid(), Path("/proc")):
        if child not in spare:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)


def exit_status(pidfd: int) -> int:
    """Wait for a child and reap it; its status as a shell tells it: signals are 128 plus the number."""
    result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    if result is None:
        raise ChildProcessError
    return result.si_status if result.si_code == os.CLD_EXITED else 128 + result.si_status


def start_of(pid: int, proc: Path = Path("/proc")) -> float:
    """When a process began, in seconds of CLOCK_BOOTTIME."""
    return _start(_stat(pid, proc))


def entered_at(pid: int, proc: Path = Path("/proc")) -> float | None:
    """When a process was started into the pod from outside, as by an exec; None if something in it did that.

    The parent of such a one is outside of our pid namespace and reads as 0. Orphans inside come to PID 1, so
    nothing inside has that. What is not sure counts as inside: one that is gone, or of another container.
    """
    try:
        fields = _stat(pid, proc)
    except OSError:
        return None
    return _start(fields) if fields[1] == "0" else None


def boot_time() -> float:
    """Seconds since the machine began, suspend included: the clock of every deadline."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _stat(pid: int, proc: Path) -> list[str]:
    """What follows the name in /proc/PID/stat: state, parent, and so on."""
    return (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _start(fields: list[str]) -> float:
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _children(pid: int, proc: Path) -> list[int]:
    try:
        return [
            int(child)
            for task in (proc / str(pid) / "task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _is_zombie(pid: int, proc: Path = Path("/proc")) -> bool:
    try:
        return _stat(pid, proc)[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _prctl(option: int, value: int | bytes) -> None:
    argument = ctypes.c_char_p(value) if isinstance(value, bytes) else ctypes.c_ulong(value)
    if _LIBC.prctl(option, argument, ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
