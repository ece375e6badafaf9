"""The API server's time: deadlines must not hang on how well the operator's own clock is set.

Each answer's Date header, which drops parts of a second, leaves one second in which the server's clock may
be.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime


class ServerClock:
    """Seconds since the epoch by the API server's clock; by our own before the first answer."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._offset: float | None = None
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            return self._wall() if self._offset is None else self._monotonic() + self._offset

    def observe(self, date: str | None) -> None:
        """Moves the clock only as far as a Date header demands, so it neither jitters nor runs away."""
        if date is None:
            return
        try:
            told = parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()
        except ValueError:
            return
        with self._lock:
            least = told - self._monotonic()
            before = least if self._offset is None else self._offset
            self._offset = min(max(before, least), least + 1)
