"""Moves bytes between a program and a person until the program ends, recording before it relays.

The loop of a recorder process: it knows descriptors and time, nothing of sockets' messages or files.
Orders come in through the methods `say`, `say_last`, `redraw`, `end` and `resize`, called by `recorder`
between two rounds.
"""

import fcntl
import math
import os
import struct
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from troubleshooter_agent import process
from troubleshooter_agent.announcer import NEVER, Announcer, Mute
from troubleshooter_agent.feed import Feed
from troubleshooter_agent.hangup import KILL_SECONDS, KILL_SECONDS_UNRECORDED, HangUp
from troubleshooter_agent.inlet import has_more, read_now
from troubleshooter_agent.keyboard import Keyboard
from troubleshooter_agent.loop import READ, WRITE, Loop
from troubleshooter_agent.outlet import Outlet
from troubleshooter_agent.passage import Passage
from troubleshooter_agent.spawn import Child
from troubleshooter_agent.writer import CastWriter

BATCH_BYTES: Final = 64 * 1024
ALL_BYTES: Final = 1024  # a read of less has most likely taken all there was
SOON_SECONDS: Final = 0.2
ECHO_SECONDS: Final = 0.002


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
    loop: Loop
    hang_up_when_left: bool = False
    feed: Feed | None = None  # the person's input, where it is counted
    unrecorded: Mapping[int, Callable[[bytes], None]] = field(default_factory=dict)  # outputs counted instead
    status: int | None = None  # of the program, once it has ended
    _has_left: bool = False

    def __post_init__(self) -> None:
        master = self.child.outputs[0]
        self._keyboard = Keyboard(master)
        self._hang_up = HangUp(self.clock)
        self._passage = Passage(self.writer, self.clock, self._broken)
        self._announcer: Announcer | Mute = Mute()
        if self.terminal is not None:
            self._announcer = Announcer(master, self._show, self.clock)

    def begin(self) -> None:
        """Watch the program."""
        self.loop.watch(self.child.pidfd, self._program_ended)

    def turn(self, patience: float) -> None:
        """One round: wait for anything, at most `patience` seconds; handle it; look at the clock."""
        self._wait(min(patience, self._patience()))
        if self._keyboard.expects_echo():  # what a person waits for comes before our own looks
            self.loop.turn(ECHO_SECONDS)
        self._look_at_clock()

    def drain(self) -> bool:
        """One round of writing what is still owed to the person; False when nothing is."""
        if not any(outlet.is_waiting for outlet in self.outlets):
            return False
        self._wait(SOON_SECONDS)
        self._detach_stalled()
        return True

    def say(self, text: str) -> None:
        """Tell the person a sentence, as part of the recording; only where there is a terminal."""
        self._announcer.say(text)

    def say_last(self, text: str) -> None:
        """The last sentence of a session, after which the terminal is an ordinary one; may be empty."""
        self._announcer.say_last(text)

    def redraw(self) -> None:
        """Have what the person was looking at drawn again: their line, or by the program its screen."""
        self._announcer.redraw()

    def end(self, grace: float = KILL_SECONDS) -> None:
        """Hang up on the program and all it started, and kill what is left after `grace` seconds."""
        self._hang_up.begin(grace)

    def resize(self, columns: int, rows: int) -> None:
        """Give the program's terminal the size of the person's."""
        if self.terminal is not None:
            self.writer.resize(columns, rows)
            size = struct.pack("HHHH", rows & 0xFFFF, columns & 0xFFFF, 0, 0)
            fcntl.ioctl(self.child.outputs[0], termios.TIOCSWINSZ, size)
            self._announcer.resized()

    def replace(self, outlet: Outlet) -> int:
        """Another person is at the terminal; the former one's descriptor, which is the caller's to close.

        What the former one still had to see is in the recording.
        """
        (former,) = self.outlets
        self.loop.release(former.fd)
        self.outlets, self.terminal = (outlet,), outlet.fd
        self._passage.replace(former, outlet)
        self._keyboard.clear()
        self._has_left = False
        return former.fd

    def go_on(self) -> None:
        """The screen is drawn: show what the program has printed since."""
        self.outlets[0].go_on(self.clock())

    @property
    def is_attended(self) -> bool:
        """Whether somebody seems to be at the terminal."""
        return not (self._has_left or self.outlets[0].is_detached)

    def left(self) -> None:
        """The person is gone; what the program prints is only recorded from now on."""
        if self._has_left:
            return
        self._has_left = True
        self.writer.marker("terminal gone")
        for outlet in self.outlets:
            outlet.leave(gone=True)
        if self.terminal is not None:
            self.loop.close(self.terminal)
        if self.hang_up_when_left:
            self.end()

    # What the loop watches.

    def _wait(self, patience: float) -> None:
        self._update_interest()
        self.loop.turn(patience)

    def _update_interest(self) -> None:
        for output, outlet in zip(self.child.outputs, self.outlets, strict=True):
            self.loop.want(output, self._output_events(output, outlet), self._output_handler(output))
        if self.feed is not None:
            self.feed.update_interest(self.loop)
        if self.terminal is None:
            for outlet in self.outlets:
                events = WRITE if outlet.is_waiting else 0
                self.loop.want(outlet.fd, events, self._outlet_handler(outlet))
        else:
            self.loop.want(self.terminal, self._terminal_events(), self._terminal_ready)

    def _output_events(self, output: int, outlet: Outlet) -> int:
        reads = READ if self.status is None and not outlet.is_full else 0
        is_master = self.terminal is not None and output == self.child.outputs[0]
        return reads | (WRITE if is_master and self._keyboard.is_waiting else 0)

    def _terminal_events(self) -> int:
        outlet = self.outlets[0]
        reads = READ if self.status is None and not self._keyboard.is_waiting else 0
        is_to_take = outlet.is_waiting and outlet.held_until is None
        return reads | (WRITE if is_to_take or outlet.is_detached else 0)

    # What happens.

    def _output_handler(self, output: int) -> Callable[[int], None]:
        def handle(events: int) -> None:
            if events & WRITE:
                self._keyboard.pump()
            if events & READ:  # the outlet of now: another person may have come
                self._copy(output, self.outlets[self.child.outputs.index(output)])

        return handle

    def _outlet_handler(self, outlet: Outlet) -> Callable[[int], None]:
        def handle(_events: int) -> None:
            self._passage.pump(outlet)

        return handle

    def _terminal_ready(self, events: int) -> None:
        if events & WRITE:
            self._terminal_takes()
        if events & READ:
            self._read_keys()

    def _terminal_takes(self) -> None:
        outlet = self.outlets[0]
        if not outlet.is_detached:
            self._passage.pump(outlet)
            return
        skipped = outlet.attach()
        self.writer.marker("terminal attached again")
        self._announcer.say_after_gap(f"{skipped} bytes were not shown here; the recording has them")

    def _read_keys(self) -> None:
        keys = read_now(self.terminal or 0)
        if keys is None:
            return
        if not keys:
            self.left()
            return
        self.keyed()
        self._keyboard.press(keys)

    def _copy(self, output: int, outlet: Outlet) -> None:
        """Record what the program printed, then relay it; as one batch, which one write records."""
        batch = bytearray()
        content: bytes | None = b""
        while len(batch) < BATCH_BYTES and (content := read_now(output)):
            batch += content
            if len(content) < ALL_BYTES:
                break
        if content == b"":  # all its writers are gone
            self.loop.close(output)
        if batch and self.writer.failure is None:
            self._pass(output, outlet, bytes(batch))
        self._end_if_unrecorded()

    def _pass(self, output: int, outlet: Outlet, content: bytes) -> None:
        if output in self.unrecorded:
            self.unrecorded[output](content)
            self._passage.offer(outlet, content)
            return
        self._passage.record(outlet, content)
        self._announcer.saw(content)

    def _show(self, content: bytes) -> None:
        """Record and relay what the program did not print."""
        self._passage.flush()
        self._passage.record(self.outlets[0], content, always=True)

    def _broken(self, outlet: Outlet) -> None:
        if self.terminal is None:
            self._break_pipe(outlet)
        else:
            self.left()

    def _break_pipe(self, outlet: Outlet) -> None:
        """The reader of a pipe is gone: let the program know, as the kernel would have."""
        output = self.child.outputs[self.outlets.index(outlet)]
        if not self.loop.is_closed(output):
            self.loop.close(output)
            self.loop.close(outlet.fd)
            nowhere = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            os.dup2(nowhere, output, inheritable=False)
            os.close(nowhere)

    def _program_ended(self) -> None:
        self.status = process.exit_status(self.child.pidfd)
        self.loop.close(self.child.pidfd)
        process.kill_descendants(os.getpid())  # what it left behind ends with it, and prints no more
        for output, outlet in zip(self.child.outputs, self.outlets, strict=True):
            while not self.loop.is_closed(output) and has_more(output):
                self._copy(output, outlet)
            self.loop.close(output)
        self._passage.flush()
        self._announcer.flush()

    # What only time brings.

    def _patience(self) -> float:
        hurried = self._keyboard.is_waiting or self._hang_up.has_begun or self.writer.is_waiting
        is_soon = hurried or any(outlet.is_waiting for outlet in self.outlets)
        patience = SOON_SECONDS if is_soon else math.inf
        due = self._announcer.due
        return patience if due == NEVER else max(0.0, min(patience, due - self.clock()))

    def _look_at_clock(self) -> None:
        self._detach_stalled()
        self._announcer.look()
        self._passage.look()
        self._end_if_unrecorded()
        if self.status is None:
            self._hang_up.look()

    def _detach_stalled(self) -> None:
        for outlet in self.outlets:
            if outlet.held_until is not None and self.clock() >= outlet.held_until:
                self.go_on()
            if outlet.detach_if_stalled(self.clock()):
                self.writer.marker("terminal detached: it took nothing for 10s")

    def _end_if_unrecorded(self) -> None:
        if self.writer.failure is not None:
            self.end(KILL_SECONDS_UNRECORDED)
