"""Copies one file out of a pod, and goes on where it stopped until its length and hash are right.

kubectl can lose the end of a stream and still end well, so nothing counts but what has arrived.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from troubleshooter_cli.errors import (
    BrokenError,
    ForbiddenError,
    NotReadyError,
    TroubleshootError,
    UnreachableError,
)
from troubleshooter_cli.kubectl import meaning
from troubleshooter_cli.landing import Landing, digest
from troubleshooter_cli.manifest import Entry, resume_at
from troubleshooter_cli.readings import Readings

STALL_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.5  # how often it looks whether it is still wanted
MOST_FRUITLESS: Final = 8  # attempts in a row that brought no byte
LONGEST_PAUSE: Final = 10.0
_BLOCK: Final = 1 << 18
_PERMANENT: Final = (ForbiddenError, NotReadyError)

OnBytes = Callable[[int], None]  # how many more are here; fewer than none when it starts anew


class StallError(UnreachableError):
    """A connection that says nothing any more."""


@dataclass
class Source:
    """Where files are read from; `renew` finds another place once that is gone. Safe for several threads."""

    readings: Readings
    renew: Callable[[], Readings]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def after(self, failed: Readings) -> Readings:
        """What to read from, now that this one has failed."""
        with self._lock:
            if self.readings is failed:
                self.readings = self.renew()
            return self.readings


@dataclass
class Download:
    source: Source
    landing: Landing
    on_bytes: OnBytes = lambda _: None
    pause: Callable[[float], None] = time.sleep
    stall_seconds: float = STALL_SECONDS
    stopped: threading.Event = field(default_factory=threading.Event)  # set once nobody wants more

    def fetch(self, entry: Entry) -> None:
        """The file, whole and right, on the disk and under its name; BrokenError if that cannot be had."""
        with self.landing.part(entry) as part:
            had = _size(part)
            self._complete(entry, part)
            if not self._is_right(entry, part) and had:
                self._drop(part)  # what was here was of another file
                self._complete(entry, part)
            if not self._is_right(entry, part):
                self._drop(part)
                raise BrokenError(
                    f"{entry.file} is not saved: what arrived has another hash than what was recorded",
                    "save again; if it stays so: kubectl troubleshoot verify",
                )
            if not self.landing.begins_with_present(entry, part):
                raise BrokenError(
                    f"{self.landing.root / entry.file} is another file, and is kept as it is",
                    "move it away, or choose another folder with -o",
                )
            self.landing.finish(entry, part)

    def _complete(self, entry: Entry, part: BinaryIO) -> None:
        have, fruitless = resume_at(entry, _size(part)), 0
        part.truncate(have)
        self.on_bytes(have)
        readings = self.source.readings
        while have < entry.bytes:
            error = self._attempt(readings, entry, part, have)
            before, have = have, _size(part)
            if have >= entry.bytes:
                return
            fruitless = fruitless + 1 if have == before else 0
            if fruitless >= MOST_FRUITLESS or isinstance(error, _PERMANENT) or self.stopped.is_set():
                raise error
            self.pause(min(LONGEST_PAUSE, 0.2 * 2**fruitless))
            readings = self._renewed(readings)

    def _attempt(self, readings: Readings, entry: Entry, part: BinaryIO, start: int) -> TroubleshootError:
        """Append what comes; what ended it, should that have been too early."""
        words = readings.words("export", "--file", entry.file, "--from", str(start))
        part.seek(start)
        left = entry.bytes - start
        try:
            with readings.kubectl.stream(words) as answer:
                source = answer.stdout.fileno()
                while left and (block := self._read(source, min(left, _BLOCK))):
                    part.write(block)
                    left -= len(block)
                    self.on_bytes(len(block))
        except StallError as error:
            return error
        finally:
            part.flush()
        if answer.status:
            return meaning(answer)
        return BrokenError(
            f"the connection broke off {left} bytes before the end of {entry.file}", "save again"
        )

    def _read(self, source: int, most: int) -> bytes:
        deadline = time.monotonic() + self.stall_seconds
        while not select.select([source], [], [], min(self.stall_seconds, LOOK_SECONDS))[0]:
            if time.monotonic() > deadline or self.stopped.is_set():
                raise StallError(
                    f"nothing has come for {self.stall_seconds:g} s",
                    "check the network, then save again: it goes on",
                )
        return os.read(source, most)

    def _renewed(self, failed: Readings) -> Readings:
        try:
            return self.source.after(failed)
        except UnreachableError:
            return failed  # the next attempt tells more

    def _is_right(self, entry: Entry, part: BinaryIO) -> bool:
        return _size(part) == entry.bytes and digest(part, entry.bytes) == entry.sha256

    def _drop(self, part: BinaryIO) -> None:
        self.on_bytes(-_size(part))
        part.truncate(0)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
