"""Whether running work is in the foreground of a terminal, seen from its master; called by recorders.

The rule was measured on 70 programs: work is when the terminal is cooked and nobody in its foreground
group is blocked in read(2) on it. "The foreground is not the shell" would be wrong both ways: a y/N
question is no work, a loop of shell builtins is. It never signals, opens or changes anything.
"""

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

# Numbers of read(2); the last three share the kernel's generic table.
_READ: Final = {"x86_64": 0, "s390x": 3, "aarch64": 63, "riscv64": 63, "loongarch64": 63}
_TIOCGPTN: Final = 0x80045430  # which /dev/pts/N a master belongs to; the same on all machines above
_PSEUDO_TERMINALS: Final = 136  # the major device number of /dev/pts/*
_OWN_TERMINAL: Final = os.makedev(5, 0)  # /dev/tty: to a foreground process, the terminal asked about
_MOST_THREADS: Final = 1000  # looked at in one probe, so that a fork bomb cannot stop its own recorder


def is_working(master_fd: int, *, proc: Path = Path("/proc")) -> bool:
    """Whether work is in the foreground of the terminal behind `master_fd`.

    What cannot be known counts as work, since a failed probe must never end a session: a process of
    another uid (its /proc/PID/syscall is closed to us), a kernel without that file, an unknown machine.
    """
    try:
        return _is_cooked(master_fd) and not _is_read(master_fd, proc)
    except (OSError, termios.error):
        return True


def _is_cooked(master_fd: int) -> bool:
    return bool(termios.tcgetattr(master_fd)[3] & termios.ICANON)


def _is_read(master_fd: int, proc: Path) -> bool:
    """Whether a thread of the foreground group is blocked in read(2) on the terminal."""
    terminals = (_OWN_TERMINAL, _device(master_fd))
    threads = (thread for process in _members(os.tcgetpgrp(master_fd), proc) for thread in _threads(process))
    return any(_reads(thread, terminals) for thread in islice(threads, _MOST_THREADS))


def _device(master_fd: int) -> int:
    """The device number of the terminal: names differ between mounts of devpts, and /dev/console is one."""
    number = fcntl.ioctl(master_fd, _TIOCGPTN, bytes(4))
    return os.makedev(_PSEUDO_TERMINALS, struct.unpack("I", number)[0])


def _members(group: int, proc: Path) -> Iterator[Path]:
    """The processes of a group; getpgid costs a fifth of reading /proc/PID/stat."""
    for name in os.listdir(proc):  # noqa: PTH208 - 200 Path objects would cost more than all the rest
        if name.isdecimal() and _group_of(int(name)) == group:
            yield proc / name


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _threads(process: Path) -> Iterator[Path]:
    """All threads, since a runtime such as Go's or Java's may wait for the person in any of them."""
    try:
        tasks = os.listdir(process / "task")  # noqa: PTH208 - as above
    except OSError:  # it ended meanwhile
        return
    for task in tasks:
        yield process / "task" / task


def _reads(thread: Path, terminals: tuple[int, int]) -> bool:
    """Whether a thread is known to be blocked in read(2) on one of `terminals`.

    The file holds the number of the call and its arguments in hexadecimal, or the word `running`.
    """
    try:
        call = (thread / "syscall").read_text().split()
        if len(call) < 2 or call[0] != str(_READ.get(os.uname().machine)):
            return False
        return (thread / "fd" / str(int(call[1], 16))).stat().st_rdev in terminals
    except OSError:
        return False
