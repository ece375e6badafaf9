"""Where the lines of a session go, as a session sees it: a cast on a volume, or a test's faulty one.

The recorder opens one through `OpenSink`, which PID 1 hands down; `recording` is the real thing. Nothing
here knows files.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from troubleshooter_agent.limits import Room


class Sink(Protocol):
    """Takes whole lines; what `append` has returned from may be relayed, what `sync` has is on the disk."""

    @property
    def path(self) -> Path:
        """The cast, as messages name it."""

    @property
    def length(self) -> int:
        """Bytes of whole lines taken so far."""

    @property
    def synced(self) -> int:
        """How many of them are known to be on the disk."""

    @property
    def sha256(self) -> str:
        """Of those bytes, hexadecimal."""

    def room(self) -> Room:
        """What the volume holds and has free; OSError as it comes."""

    def append(self, lines: bytes) -> None:
        """Take whole lines, all or none; NotRecordedError if that cannot be done."""

    def sync(self) -> None:
        """Bring what was taken to the disk; called in a thread too; OSError as it comes."""

    def finish(self, lines: bytes) -> None:
        """Take the last lines, for which room is reserved, and sync; NotRecordedError."""


OpenSink = Callable[[Path, bytes], Sink]  # with the header and the first marker; NotRecordedError
