"""Moves bytes between a program and a person until the program ends, recording before it relays.

The loop of a recorder process: it knows descriptors and time, nothing of sockets' messages or files.
Orders come in through the methods `say`, `end` and `resize`, called by `recorder` between two rounds.
"""

import errno
import fcntl
import os
import selectors
import signal
import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from troubleshooter_agent import process
from troubleshooter_agent.outlet import Outlet
from troubleshooter_agent.spawn import Child
from troubleshooter_agent.writer import CastWriter

READ_BYTES: Final = 64 * 1024
BATCH_BYTES: Final = 256 * 1024
TICK_SECONDS: Final = 1.0
SOON_SECONDS: Final = 0.2
KILL_SECONDS: Final = 5.0  # from the hang-up to SIGKILL
KILL_SECONDS_UNRECORDED: Final = 0.5
RESET_TERMINAL: Final = b"\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m"  # what less and bash leave on when killed


@dataclass
class Relay:
    """One running program; `terminal` is the person's, or None where there are pipes instead.

    `outlets` stand in the order of the child's outputs. `clock` gives seconds, and `keyed` is called
    at every key press.
    """

    child: Child
    writer: CastWriter
    outlets: tuple[Outlet, ...]
    terminal: int | None
    clock: Callable[[], float]
    keyed: Callable[[], None]
    hang_up_when_left: bool = False
    status: int | None = None  # of the program, once it has ended
    kill_at: float | None = None
    _held_for: Outlet | None = None  # whose output ended in half a character
    _typed: bytearray = field(default_factory=bytearray)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _closed: set[int] = field(default_factory=set)
    _has_left: bool = False

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `fd` can be read."""
        self._selector.register(fd, selectors.EVENT_READ, lambda _events: callback())

    def forget(self, fd: int) -> None:
        """Watch `fd` no more."""
        self._selector.unregister(fd)

    def begin(self) -> None:
        """Watch the program."""
        self.watch(self.child.pidfd, self._program_ended)

    def turn(self, patience: float) -> None:
        """One round: wait for anything, at most `patience` seconds; handle it; look at the clock."""
        self._wait(min(patience, self._patience()))
        self._look_at_clock()

    def drain(self) -> bool:
        """One round of writing what is still owed to the person; False when nothing is."""
        if not any(outlet.is_waiting for outlet in self.outlets):
            return False
        self._wait(SOON_SECONDS)
        self._detach_stalled()
        return True

    def say(self, text: str) -> None:
        """Tell the person something, as part of the recording; only where there is a terminal."""
        if self.terminal is not None:
            self._record(self.outlets[0], text.encode())

    def end(self, grace: float = KILL_SECONDS) -> None:
        """Hang up on the program and all it started, and kill what is left after `grace` seconds."""
        if self.kill_at is None:
            self.kill_at = self.clock() + grace
            # SIGCONT, since a stopped process cannot hear.
            process.signal_all(process.descendants(os.getpid()), signal.SIGHUP, signal.SIGCONT)

    def resize(self, columns: int, rows: int) -> None:
        """Give the program's terminal the size of the person's."""
        if self.terminal is not None:
            self.writer.resize(columns, rows)
            size = struct.pack("HHHH", rows & 0xFFFF, columns & 0xFFFF, 0, 0)
            fcntl.ioctl(self.child.outputs[0], termios.TIOCSWINSZ, size)

    def left(self) -> None:
        """The person is gone; what the program prints is only recorded from now on."""
        if self._has_left:
            return
        self._has_left = True
        self.writer.marker("terminal gone")
        for outlet in self.outlets:
            outlet.leave(gone=True)
        self._close(self.terminal)
        if self.hang_up_when_left:
            self.end()

    # What the loop watches.

    def _wait(self, patience: float) -> None:
        self._update_interest()
        for key, events in self._selector.select(patience):
            if key.fd not in self._closed:
                key.data(events)

    def _update_interest(self) -> None:
        for output, outlet in zip(self.child.outputs, self.outlets, strict=True):
            self._want(output, self._output_events(output, outlet), self._output_handler(output, outlet))
        if self.terminal is None:
            for outlet in self.outlets:
                events = selectors.EVENT_WRITE if outlet.is_waiting else 0
                self._want(outlet.fd, events, self._outlet_handler(outlet))
        else:
            self._want(self.terminal, self._terminal_events(), self._terminal_ready)

    def _output_events(self, output: int, outlet: Outlet) -> int:
        reads = selectors.EVENT_READ if self.status is None and not outlet.is_waiting else 0
        is_master = self.terminal is not None and output == self.child.outputs[0]
        return reads | (selectors.EVENT_WRITE if is_master and self._typed else 0)

    def _terminal_events(self) -> int:
        outlet = self.outlets[0]
        reads = selectors.EVENT_READ if self.status is None and not self._typed else 0
        return reads | (selectors.EVENT_WRITE if outlet.is_waiting or outlet.is_detached else 0)

    def _want(self, fd: int, events: int, handler: Callable[[int], None]) -> None:
        known = self._selector.get_map().get(fd)
        if fd in self._closed or (known.events if known else 0) == events:
            return
        if known is None:
            self._selector.register(fd, events, handler)
        elif events:
            self._selector.modify(fd, events, known.data)
        else:
            self._selector.unregister(fd)

    def _close(self, fd: int | None) -> None:
        """Watch `fd` never again; the descriptor itself stays open, so that its number stays taken."""
        if fd is not None and fd not in self._closed:
            self._closed.add(fd)
            if fd in self._selector.get_map():
                self._selector.unregister(fd)

    # What happens.

    def _output_handler(self, output: int, outlet: Outlet) -> Callable[[int], None]:
        def handle(events: int) -> None:
            if events & selectors.EVENT_WRITE:
                self._type()
            if events & selectors.EVENT_READ:
                self._copy(output, outlet)

        return handle

    def _outlet_handler(self, outlet: Outlet) -> Callable[[int], None]:
        def handle(_events: int) -> None:
            self._relay(outlet, b"")

        return handle

    def _terminal_ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._terminal_takes()
        if events & selectors.EVENT_READ:
            self._read_keys()

    def _terminal_takes(self) -> None:
        outlet = self.outlets[0]
        if not outlet.is_detached:
            self._relay(outlet, b"")
            return
        skipped = outlet.attach()
        self.writer.marker("terminal attached again")
        self.say(f"\r\n[troubleshooter] {skipped} bytes were not shown here; the recording has them\r\n")

    def _read_keys(self) -> None:
        keys = _read(self.terminal or 0)
        if keys is None:
            return
        if not keys:
            self.left()
            return
        self.keyed()
        self._typed += keys
        self._type()

    def _type(self) -> None:
        try:
            while self._typed:
                del self._typed[: os.write(self.child.outputs[0], self._typed)]
        except BlockingIOError:
            return
        except OSError:  # the program has closed its terminal
            self._typed.clear()

    def _copy(self, output: int, outlet: Outlet) -> None:
        """Record what the program printed, then relay it; as one batch, which one write records."""
        batch = bytearray()
        content: bytes | None = b""
        while len(batch) < BATCH_BYTES and (content := _read(output)):
            batch += content
        if content == b"":  # all its writers are gone
            self._close(output)
        if batch and self.writer.failure is None:
            self._record(outlet, bytes(batch))
        self._end_if_unrecorded()

    def _record(self, outlet: Outlet, content: bytes) -> None:
        if self._held_for is not outlet:
            self._flush_held()  # or half a character of stdout would go on in stderr
        self._relay(outlet, self.writer.output(content))
        self._held_for = outlet if self.writer.held_since is not None else None

    def _flush_held(self) -> None:
        if self._held_for is not None:
            self._relay(self._held_for, self.writer.flush_held())
            self._held_for = None

    def _relay(self, outlet: Outlet, content: bytes) -> None:
        now = self.clock()
        if content:
            outlet.offer(content, now)
        else:
            outlet.pump(now)
        if outlet.is_broken and self.terminal is None:
            self._break_pipe(outlet)
        elif outlet.is_broken:
            self.left()

    def _break_pipe(self, outlet: Outlet) -> None:
        """The reader of a pipe is gone: let the program know, as the kernel would have."""
        output = self.child.outputs[self.outlets.index(outlet)]
        if output not in self._closed:
            self._close(output)
            self._close(outlet.fd)
            nowhere = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            os.dup2(nowhere, output, inheritable=False)
            os.close(nowhere)

    def _program_ended(self) -> None:
        self.status = process.exit_status(self.child.pidfd)
        self._close(self.child.pidfd)
        process.kill_descendants(os.getpid())  # what it left behind ends with it, and prints no more
        for output, outlet in zip(self.child.outputs, self.outlets, strict=True):
            while output not in self._closed and _has_more(output):
                self._copy(output, outlet)
            self._close(output)
        self._flush_held()

    # What only time brings.

    def _patience(self) -> float:
        hurried = self._typed or self.kill_at is not None or self.writer.held_since is not None
        return SOON_SECONDS if hurried or any(outlet.is_waiting for outlet in self.outlets) else TICK_SECONDS

    def _look_at_clock(self) -> None:
        self._detach_stalled()
        if self.writer.is_held_too_long():
            self._flush_held()
        self._end_if_unrecorded()
        if self.kill_at is not None and self.status is None and self.clock() >= self.kill_at:
            process.kill_descendants(os.getpid())

    def _detach_stalled(self) -> None:
        for outlet in self.outlets:
            if outlet.detach_if_stalled(self.clock()):
                self.writer.marker("terminal detached: it took nothing for 10s")

    def _end_if_unrecorded(self) -> None:
        if self.writer.failure is not None:
            self.end(KILL_SECONDS_UNRECORDED)


def _read(fd: int) -> bytes | None:
    """What can be read now: None when nothing is there yet, empty at the end."""
    try:
        return os.read(fd, READ_BYTES)
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno != errno.EIO:  # EIO: the other side of a terminal is closed
            raise
        return b""


def _has_more(fd: int) -> bool:
    with selectors.PollSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        return bool(selector.select(0))
