"""The way to the person: writes that never block, and the moment when nobody seems to be there.

A lost kubectl is silent: its terminal takes some 64 KiB and then nothing, with no error. So the
recorder writes without blocking, waits for a slow terminal, and calls one that takes nothing for
STALL_SECONDS detached. A pipe is never called detached: its reader may take all the time it wants.
"""

import os
import select
import stat
from dataclasses import dataclass, field
from select import PIPE_BUF
from typing import Final

STALL_SECONDS: Final = 10.0
FULL_BYTES: Final = 128 * 1024


def reopen(fd: int, flags: int) -> int:
    """A descriptor of our own for an open file, so that not blocking stays our private matter.

    O_NONBLOCK set on the passed descriptor itself would be shared with the client and its processes.
    """
    return os.open(f"/proc/self/fd/{fd}", flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)


def own(fd: int, flags: int) -> int:
    """`fd` reopened; as it is where a new descriptor would be another file position or cannot be had."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return fd
    if stat.S_ISSOCK(mode):
        os.set_blocking(fd, False)
        return fd
    return reopen(fd, flags)


def can_take(fd: int) -> bool:
    """Whether a pipe has room for PIPE_BUF bytes, or nobody reads it any more."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))


@dataclass
class Outlet:
    """What is still to be written to `fd`; times are seconds of any one clock."""

    fd: int
    may_stall: bool
    pending: bytearray = field(default_factory=bytearray)
    stalled_at: float | None = None
    is_gone: bool = False
    is_broken: bool = False  # a write said so, which the program on the other side must learn too
    is_detached: bool = False
    skipped: int = 0
    blocks: bool = False  # a pipe that cannot be reopened, and so not be made not to
    held_until: float | None = None  # nothing is written before, since somebody else writes there

    @property
    def is_waiting(self) -> bool:
        """Whether something is still to be written."""
        return bool(self.pending)

    @property
    def is_full(self) -> bool:
        """Whether the other side must take something before more is worth reading.

        Until then the program goes on beside the one who reads: by turns, one of them would always wait.
        """
        return len(self.pending) >= FULL_BYTES

    def offer(self, content: bytes, now: float) -> None:
        """Write what can be written now and keep the rest; what nobody will see is only counted."""
        if self.is_gone or self.is_detached:
            self.skipped += len(content)
            return
        self.pending += content
        self.pump(now)

    def hold(self, until: float) -> None:
        """Write nothing before `go_on` is called, or `until` is over."""
        self.held_until = until

    def go_on(self, now: float) -> None:
        """Write again what was held."""
        self.held_until = None
        self.pump(now)

    def pump(self, now: float) -> None:
        """Write on; called when the descriptor takes something, and after `offer`."""
        if self.held_until is not None or not self.pending:
            return
        try:
            del self.pending[: self._write()]
            self.stalled_at = now if self.pending else None  # no second try: it would only say so
        except BlockingIOError:
            self.stalled_at = now if self.stalled_at is None else self.stalled_at
        except OSError:  # EIO, EPIPE: the terminal or the reader is gone
            self.is_broken = True
            self.leave(gone=True)

    def _write(self) -> int:
        """Bytes taken; a pipe that blocks is known to take PIPE_BUF when it can be written at all."""
        if not self.blocks:
            return os.write(self.fd, self.pending)
        if not can_take(self.fd):
            raise BlockingIOError
        return os.write(self.fd, self.pending[:PIPE_BUF])

    def detach_if_stalled(self, now: float) -> bool:
        """Call a terminal detached that took nothing for too long; whether that happened just now."""
        if not self.may_stall or self.stalled_at is None or now - self.stalled_at < STALL_SECONDS:
            return False
        self.leave(gone=False)
        return True

    def leave(self, *, gone: bool) -> None:
        """Stop writing: for good if the other side is gone, else until it takes something again."""
        self.skipped += len(self.pending)
        self.pending.clear()
        self.stalled_at = None
        self.is_gone = self.is_gone or gone
        self.is_detached = True

    def attach(self) -> int:
        """Write again; how many bytes were not shown meanwhile."""
        skipped, self.skipped = self.skipped, 0
        self.is_detached = False
        return skipped
