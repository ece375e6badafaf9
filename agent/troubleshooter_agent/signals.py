"""Signals as a descriptor: blocked, then read in the same loop as everything else (signalfd(2)).

Unlike set_wakeup_fd a signalfd tells who sent the signal, and PID 1 obeys only what comes from outside
its pid namespace. The standard library has no signalfd, hence ctypes.
"""

import ctypes
import os
import signal
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_SIGINFO: Final = struct.Struct("=IiiII108x")  # signo, errno, code, pid, uid, and what we do not need
_SIGSET_BYTES: Final = 128
_SI_USER: Final = 0


@dataclass(frozen=True)
class Arrived:
    """A signal that arrived; `pid` is 0 when its sender is outside of our pid namespace."""

    number: signal.Signals
    code: int
    pid: int

    @property
    def is_from_outside(self) -> bool:
        """Whether the runtime sent it; a process of the pod can forge the pid alone, but not with SI_USER."""
        return self.code == _SI_USER and self.pid == 0


def block(numbers: Iterable[signal.Signals]) -> None:
    """Block signals in this thread and in all that it forks; who execs another program must unblock them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)


def descriptor(numbers: Iterable[signal.Signals]) -> int:
    """A non-blocking signalfd for blocked signals."""
    libc = ctypes.CDLL(None, use_errno=True)
    mask = 0
    for number in numbers:
        mask |= 1 << (number - 1)
    sigset = mask.to_bytes(_SIGSET_BYTES, "little")
    fd: int = libc.signalfd(-1, sigset, os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "signalfd")
    return fd


def read(fd: int) -> list[Arrived]:
    """All signals that have arrived."""
    try:
        content = os.read(fd, _SIGINFO.size * 64)
    except BlockingIOError:
        return []
    return [
        Arrived(signal.Signals(number), code, pid)
        for number, _, code, pid, _ in _SIGINFO.iter_unpack(content)
    ]
