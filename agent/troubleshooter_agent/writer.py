"""Writes a session into its cast: output, sizes and markers, each before anybody else sees it.

The recorder calls it from its loop; `syncer` brings what was written to the disk. The failure policy is
`closed`: after a failed write nothing is recorded any more, so nothing is relayed either, and `failure`
says why.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from troubleshooter_agent.asciicast import ENDED_PREFIX, Encoder
from troubleshooter_agent.contract import format_size
from troubleshooter_agent.effort import Effort
from troubleshooter_agent.errors import NotRecordedError
from troubleshooter_agent.limits import UNKNOWN, UNLIMITED, Meter, Room, left_out
from troubleshooter_agent.sink import Sink
from troubleshooter_agent.syncer import Flag

ROOM_SECONDS: Final = 0.5  # how old what is known of the volume's room may be
STATE_SECONDS: Final = 1.0  # how long bytes that were left out wait for their marker
HOLD_SECONDS: Final = 1.0  # how long half a character waits for its other half


@dataclass
class Gap:
    """What was left out and not yet told: how many bytes, why, and since when, in seconds of a clock.

    `total` are all bytes that were ever left out.
    """

    bytes: int = 0
    why: str = ""
    since: float = 0.0
    total: int = 0

    def add(self, size: int, why: str, now: float) -> None:
        if not self.bytes:
            self.since = now
        self.bytes += size
        self.total += size
        self.why = why

    def close(self) -> tuple[int, str]:
        """Bytes and reason, which the caller now tells."""
        size, self.bytes = self.bytes, 0
        return size, self.why


@dataclass
class CastWriter:
    """A sink and the encoder of its events; `clock` gives seconds on the encoder's clock."""

    sink: Sink
    encoder: Encoder
    clock: Callable[[], float]
    meter: Meter = field(default_factory=lambda: Meter(UNLIMITED))
    failure: NotRecordedError | None = None
    held_since: float | None = None
    is_finished: bool = False
    gap: Gap = field(default_factory=Gap)
    unsynced: Flag = field(default_factory=Flag)  # wakes the syncer
    effort: Effort = field(default_factory=Effort)
    _room: Room = UNKNOWN
    _room_at: float = -ROOM_SECONDS

    def output(self, content: bytes, *, always: bool = False) -> bytes:
        """Record what a program printed; the bytes that may now be relayed.

        `always` is for what the toolbox says: a flood of the program's does not leave it out.
        """
        now = self.clock()
        why = None if always else self.meter.refuses(now, self._known_room(now))
        if why is not None:
            return self._leave_out(content, why, now)
        self.state_gap()
        lines, relay = self.encoder.output(now, content)
        self.held_since = now if self.encoder.held else None
        if self.sink.length + len(lines) > self.meter.limits.size:
            self._refuse(len(relay))
        self.meter.take(len(lines), self._room)
        return relay if self._append(lines) else b""

    def _leave_out(self, content: bytes, why: str, now: float) -> bytes:
        """Relay what is not recorded; half a character that was held is from before, so it is recorded."""
        held = self.flush_held()
        if self.failure is None:
            if self.gap.why != why:
                self.state_gap()
            self.gap.add(len(content), why, now)
        return held + content if self.failure is None else b""

    def _refuse(self, size: int) -> None:
        """The recording is as large as it may be: the session ends, and these bytes are not shown."""
        if self.failure is None:
            limit = format_size(self.meter.limits.size)
            self.gap.add(size, f"size limit of {limit}", self.clock())
            self.fail(
                NotRecordedError(
                    f"the recording has reached its size limit of {limit}",
                    "open a new shell; a flood of output is best written to a file in /tmp",
                    kind="size-limit",
                )
            )

    def look(self) -> None:
        """State what was left out, once it is time; called about once a second."""
        if self.gap.bytes and self.clock() - self.gap.since >= STATE_SECONDS:
            self.state_gap()

    def state_gap(self) -> None:
        """Tell in the recording how many bytes were left out since it was last told."""
        if self.gap.bytes:
            size, why = self.gap.close()
            self._append(self.encoder.marker(self.clock(), left_out(size, why)))

    @property
    def is_waiting(self) -> bool:
        """Whether something is to be written that only time brings."""
        return self.held_since is not None or bool(self.gap.bytes)

    def _known_room(self, now: float) -> Room:
        if now - self._room_at >= ROOM_SECONDS:
            self._room_at = now
            with contextlib.suppress(OSError):  # the next write tells what is wrong
                self._room = self.sink.room()
        return self._room

    def flush_held(self) -> bytes:
        """Record half a character whose other half did not come; the bytes that may now be relayed."""
        self.held_since = None
        lines, relay = self.encoder.flush(self.clock())
        return relay if self._append(lines) else b""

    def is_held_too_long(self) -> bool:
        return self.held_since is not None and self.clock() - self.held_since >= HOLD_SECONDS

    def marker(self, text: str) -> None:
        self.state_gap()
        self._append(self.encoder.marker(self.clock(), text))

    def resize(self, columns: int, rows: int) -> None:
        self.state_gap()
        self._append(self.encoder.resize(self.clock(), columns, rows))

    def fail(self, error: NotRecordedError) -> None:
        """Record nothing any more, because of `error`; the first one counts."""
        self.failure = self.failure or error

    def finish(self, why: str) -> None:
        """The last marker, for which room is reserved, also after a failure where one can be written."""
        now = self.clock()
        gap = self.encoder.marker(now, left_out(*self.gap.close())) if self.gap.bytes else b""
        try:
            self.sink.finish(gap + self.encoder.marker(now, f"{ENDED_PREFIX}: {why}"))
            self.effort.events += 2 if gap else 1
        except NotRecordedError as error:
            self.fail(error)
        self.is_finished = True

    def _write(self, lines: bytes) -> None:
        began = time.perf_counter()
        self.sink.append(lines)
        self.effort.writes.add(time.perf_counter() - began)
        self.effort.events += lines.count(b"\n")
        self.unsynced.set()

    def _append(self, lines: bytes) -> bool:
        if self.is_finished:
            return False
        if self.failure is None and lines:
            try:
                self._write(lines)
            except NotRecordedError as error:
                self.fail(error)
        return self.failure is None
