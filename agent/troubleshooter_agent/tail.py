"""The events of a cast as they are appended, for those who watch a session that runs.

A cast grows by whole lines, of which the last may be there in part only; it shrinks once at most, when a
write has failed and is cut off again.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from troubleshooter_agent.asciicast import ENDED_PREFIX, MARKER, Event, NotACastError, parse_event
from troubleshooter_agent.lines import LONGEST_LINE

POLL_SECONDS: Final = 0.05
_STEP: Final = 1 << 20  # bytes that are searched at a time


class Tail:
    """Reads on from `offset`, in bytes; `ended` is the marker that the session ended, once it was reached."""

    def __init__(self, cast: BinaryIO, offset: int) -> None:
        self._cast = cast
        self.offset = offset
        self.ended: Event | None = None
        cast.seek(line_start(cast, offset - 1))
        self._notice(event_of(cast.readline(LONGEST_LINE)))

    def read(self) -> list[Event]:
        """What has been appended, up to some megabytes of it; a line that is no event is left out."""
        if self.ended:
            return []
        events = []
        for event in filter(None, map(event_of, self._lines())):
            events.append(event)
            self._notice(event)
            if self.ended:
                break
        return events

    def behind(self) -> int:
        """How many bytes there are still to read."""
        return self._cast.seek(0, os.SEEK_END) - self.offset

    def _notice(self, event: Event | None) -> None:
        if event is not None and event.code == MARKER and event.text.startswith(ENDED_PREFIX):
            self.ended = event

    def _lines(self) -> list[bytes]:
        self._cast.seek(self.offset - 1)
        content = self._cast.read(LONGEST_LINE)
        if not content.startswith(b"\n"):
            return self._after_a_cut()
        whole, newline, _ = content[1:].rpartition(b"\n")
        if newline:
            self.offset += len(whole) + 1
            return whole.split(b"\n")
        if len(content) == LONGEST_LINE:  # no recorder writes such a line
            self.offset += LONGEST_LINE - 1
        return []

    def _after_a_cut(self) -> list[bytes]:
        """After a failed write its lines are cut off, and at most the last marker is put there."""
        size = self._cast.seek(0, os.SEEK_END)
        start = line_start(self._cast, min(self.offset, size) - 1)
        self._cast.seek(start)
        line = self._cast.readline(LONGEST_LINE)
        self.offset = start + len(line)
        event = event_of(line)
        return [line] if event is not None and event.code == MARKER else []


def tail(
    cast: BinaryIO,
    offset: int,
    *,
    is_over: Callable[[], bool] = lambda: False,
    wait: Callable[[], None] = lambda: time.sleep(POLL_SECONDS),
) -> Iterator[Event | None]:
    """The events from `offset` on, as they are appended; None each time before it waits for more.

    It ends after the marker that the session ended, or when there is no more and `is_over` says so.
    """
    found = Tail(cast, offset)
    while not found.ended:
        is_last = is_over()  # asked before looking: what was written before the end is not missed
        events = found.read()
        yield from events
        if not events:
            if is_last:
                return
            yield None
            wait()


def event_of(line: bytes) -> Event | None:
    """The event on a line, None if there is none."""
    try:
        return parse_event(line)
    except NotACastError:
        return None


def line_start(cast: BinaryIO, offset: int) -> int:
    """Where the line begins in which an offset is."""
    end = offset
    while end > 0:
        start = max(0, end - _STEP)
        cast.seek(start)
        newline = cast.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
