"""Whether running work is in the foreground of a terminal, seen from its master; called by recorders.

The rule was measured on 70 programs: work is when the terminal is cooked and nobody in its foreground
group is blocked in read(2) on it. "The foreground is not the shell" would be wrong both ways: a y/N
question is no work, a loop of shell builtins is. While a terminal is raw, its programs may have made
terminals of their own (tmux, script): these are asked the same. It never signals or changes anything.
"""

import fcntl
import os
import struct
import termios
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from troubleshooter_agent import process

# Numbers of read(2); the last three share the kernel's generic table.
_READ: Final = {"x86_64": 0, "s390x": 3, "aarch64": 63, "riscv64": 63, "loongarch64": 63}
_TIOCGPTN: Final = 0x80045430  # which /dev/pts/N a master belongs to; the same on all machines above
_PSEUDO_TERMINALS: Final = 136  # the major device number of /dev/pts/*
_OWN_TERMINAL: Final = os.makedev(5, 0)  # /dev/tty: to a foreground process, the terminal asked about
_UNOWNED: Final = os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
_MOST: Final = 1000  # threads or processes looked at, so that a fork bomb cannot stop its own recorder


def is_working(master_fd: int, root: int, *, proc: Path = Path("/proc")) -> bool:
    """Whether work is in the foreground of the terminal behind `master_fd`, or of one within it.

    `root` is the process below which all of the session is found: its recorder, to which also those come
    that have left the shell, such as the server of tmux.
    What cannot be known counts as work, since a failed probe must never end a session: a process of
    another uid (its /proc/PID/syscall is closed to us), a kernel without that file, an unknown machine.
    """
    try:
        if _is_cooked(master_fd):
            return not _is_read(os.tcgetpgrp(master_fd), _device(master_fd), proc)
        return any(_is_nested_work(inner) for inner in _inner_terminals(root, _device(master_fd), proc))
    except (OSError, termios.error):
        return True


def _is_cooked(fd: int) -> bool:
    return bool(termios.tcgetattr(fd)[3] & termios.ICANON)


def _is_read(group: int, device: int, proc: Path) -> bool:
    """Whether a thread of a foreground group is blocked in read(2) on its terminal."""
    threads = (thread for member in _members(group, proc) for thread in _threads(member))
    return any(_reads(thread, (_OWN_TERMINAL, device)) for thread in islice(threads, _MOST))


def _device(master_fd: int) -> int:
    """The device number of the terminal: names differ between mounts of devpts, and /dev/console is one."""
    number = fcntl.ioctl(master_fd, _TIOCGPTN, bytes(4))
    return os.makedev(_PSEUDO_TERMINALS, struct.unpack("I", number)[0])


@dataclass(frozen=True)
class _Inner:
    """A terminal that a program of the session has made: its device, and the group in its foreground."""

    device: int
    group: int
    proc: Path


def _inner_terminals(root: int, outer: int, proc: Path) -> Iterable[_Inner]:
    """The terminals of all processes below `root` but the outer one; one that hangs has no group."""
    found = {_terminal_of(pid, proc) for pid in process.descendants(root, proc, most=_MOST)}
    return (_Inner(device, group, proc) for device, group in found if device not in {0, outer} and group > 0)


def _terminal_of(pid: int, proc: Path) -> tuple[int, int]:
    """tty_nr and tpgid, which stand at 7 and 8 of proc_pid_stat(5); zeros once the process has ended."""
    try:
        fields = (proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0, 0
    return int(fields[4]) & 0xFFFFFFFF, int(fields[5])


def _is_nested_work(inner: _Inner) -> bool:
    """The same rule, asked from the other side: whoever made the terminal keeps its master."""
    try:
        fd = os.open(f"/dev/pts/{os.minor(inner.device)}", os.O_RDONLY | _UNOWNED)
    except PermissionError:
        return True
    except OSError:  # it has gone meanwhile
        return False
    try:
        is_it = os.fstat(fd).st_rdev == inner.device  # numbers mean another terminal in another mount
        return is_it and _is_cooked(fd) and not _is_read(inner.group, inner.device, inner.proc)
    finally:
        os.close(fd)


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


def _threads(member: Path) -> Iterator[Path]:
    """All threads, since a runtime such as Go's or Java's may wait for the person in any of them."""
    try:
        tasks = os.listdir(member / "task")  # noqa: PTH208 - as above
    except OSError:  # it ended meanwhile
        return
    for task in tasks:
        yield member / "task" / task


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
