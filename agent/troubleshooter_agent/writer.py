"""Writes a session into its cast: output, sizes and markers, each before anybody else sees it.

The recorder calls it from its loop; `Syncer` brings what was written to the disk from a thread, off the
relay's path. The failure policy is `closed`: after a failed write nothing is recorded any more, so
nothing is relayed either, and `failure` says why.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.asciicast import ENDED_PREFIX, Encoder
from troubleshooter_agent.errors import NotRecordedError, not_recorded
from troubleshooter_agent.sink import Sink

SYNC_SECONDS: Final = 0.5
HOLD_SECONDS: Final = 1.0  # how long half a character waits for its other half


@dataclass
class CastWriter:
    """A sink and the encoder of its events; `clock` gives seconds on the encoder's clock."""

    sink: Sink
    encoder: Encoder
    clock: Callable[[], float]
    failure: NotRecordedError | None = None
    held_since: float | None = None
    is_finished: bool = False

    def output(self, content: bytes) -> bytes:
        """Record what a program printed; the bytes that may now be relayed."""
        now = self.clock()
        lines, relay = self.encoder.output(now, content)
        self.held_since = now if self.encoder.held else None
        return relay if self._append(lines) else b""

    def flush_held(self) -> bytes:
        """Record half a character whose other half did not come; the bytes that may now be relayed."""
        self.held_since = None
        lines, relay = self.encoder.flush(self.clock())
        return relay if self._append(lines) else b""

    def is_held_too_long(self) -> bool:
        return self.held_since is not None and self.clock() - self.held_since >= HOLD_SECONDS

    def marker(self, text: str) -> None:
        self._append(self.encoder.marker(self.clock(), text))

    def resize(self, columns: int, rows: int) -> None:
        self._append(self.encoder.resize(self.clock(), columns, rows))

    def fail(self, error: NotRecordedError) -> None:
        """Record nothing any more, because of `error`; the first one counts."""
        self.failure = self.failure or error

    def finish(self, why: str) -> None:
        """The last marker, for which room is reserved, also after a failure where one can be written."""
        try:
            self.sink.finish(self.encoder.marker(self.clock(), f"{ENDED_PREFIX}: {why}"))
        except NotRecordedError as error:
            self.fail(error)
        self.is_finished = True

    def _append(self, lines: bytes) -> bool:
        if self.is_finished:
            return False
        if self.failure is None and lines:
            try:
                self.sink.append(lines)
            except NotRecordedError as error:
                self.fail(error)
        return self.failure is None


class Syncer:
    """A thread that syncs a sink; `failed` is called in it, once, when the disk says no."""

    def __init__(self, sink: Sink, failed: Callable[[NotRecordedError], None]) -> None:
        self._sink = sink
        self._failed = failed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        """Begin; only after the program was spawned, since forking and threads do not go together."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until the sync under way is over."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(SYNC_SECONDS):
            try:
                self._sink.sync()
            except OSError as error:
                self._failed(not_recorded(error, str(self._sink.path)))
                return
