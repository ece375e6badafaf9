"""The processes that PID 1 forks: recorders, menders and the reporter, each with a channel to it."""

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent import channel, immortal, process
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.loop import Loop

Work = Callable[[socket.socket], int]


@dataclass
class Child:
    """A forked process; `channel` is PID 1's end."""

    pid: int
    pidfd: int
    channel: socket.socket

    def close(self) -> None:
        """Forget a process that has ended."""
        os.close(self.pidfd)
        self.channel.close()


def fork(work: Work, inherited: Iterable[int]) -> Child:
    """A process that does `work` with its end of a channel and exits with what that returns.

    `inherited` are descriptors of PID 1 that the new process has no business with. OSError when there is
    no room for another process or descriptor.
    """
    ours, theirs = channel.pair()
    try:
        pid = os.fork()
    except OSError:
        ours.close()
        theirs.close()
        raise
    if pid == 0:
        ours.close()
        for fd in inherited:
            os.close(fd)
        os._exit(_contained(work, theirs))
    theirs.close()
    ours.settimeout(0)
    try:
        return Child(pid, os.pidfd_open(pid), ours)
    except OSError:
        ours.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def heard(child: Child, loop: Loop) -> Iterator[dict[str, Any]]:
    """What a process has said and nobody has read yet; once it can say no more, `loop` forgets it."""
    while True:
        try:
            message = channel.receive(child.channel).message
        except BlockingIOError:
            return
        except channel.ChannelClosedError:
            loop.forget(child.channel)
            return
        yield message


def settle() -> None:
    """Before the first fork: keep the collector and all counting from copying what the processes share."""
    gc.collect()
    immortal.make_immortal()
    gc.freeze()


def exit_code(child: Child) -> int:
    """Reap a child that has ended; negative for a signal."""
    status = process.exit_status(child.pidfd)
    return -(status - _SIGNALLED) if status > _SIGNALLED else status


_SIGNALLED: Final = 128


def _contained(work: Work, theirs: socket.socket) -> int:
    """Nothing that `work` raises may run on in this copy of PID 1."""
    try:
        return work(theirs)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else ExitCode.AGENT_FAULT
    except BaseException:  # noqa: BLE001 - told on stderr, then this process ends
        traceback.print_exc(file=sys.stderr)
        return ExitCode.AGENT_FAULT
