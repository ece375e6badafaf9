"""The queue of what to look at: each key once, one worker a key, later if asked, slower if it fails.

As client-go has it, but that a key whose time has come may go before those that only have news: an end must
not wait until a thousand beginnings are done. Called by handlers, workers and timers; never blocks but in
`get`.
"""

import heapq
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

FIRST_RETRY_SECONDS: Final = 0.2
LAST_RETRY_SECONDS: Final = 60.0

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Safe to use from several threads."""

    def __init__(
        self,
        first_retry: float = FIRST_RETRY_SECONDS,
        last_retry: float = LAST_RETRY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_retry = first_retry
        self._last_retry = last_retry
        self._clock = clock
        self._waiting: OrderedDict[K, float] = OrderedDict()  # since when
        self._first: OrderedDict[K, float] = OrderedDict()  # the same, of those that go before
        self._busy: set[K] = set()
        self._again: dict[K, bool] = {}  # added while busy, and whether to go first
        self._later: list[tuple[float, int, K, bool]] = []
        self._due: dict[K, float] = {}  # the earliest instant in `_later`
        self._count = 0
        self._failures: dict[K, int] = {}
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting) + len(self._first) + len(self._again)

    def oldest(self) -> float:
        """Seconds that the one that waits longest has waited; 0 if none does."""
        with self._changed:
            heads = [next(iter(lane.values())) for lane in (self._first, self._waiting) if lane]
            return self._clock() - min(heads) if heads else 0.0

    def add(self, key: K) -> None:
        with self._changed:
            self._add(key)
            self._changed.notify_all()

    def add_after(self, key: K, seconds: float, *, first: bool = False) -> None:
        """Of several instants for a key the earliest counts. `first`: it goes before those that have news."""
        with self._changed:
            due = self._clock() + seconds
            if due >= self._due.get(key, float("inf")):
                return
            self._due[key] = due
            self._count += 1
            heapq.heappush(self._later, (due, self._count, key, first))
            self._changed.notify_all()

    def get(self) -> K | None:
        """The next key, which is then the caller's until `done`; None once the queue is closed."""
        with self._changed:
            while not self._closed:
                wait = self._move_due()
                if lane := self._first or self._waiting:
                    key, _ = lane.popitem(last=False)
                    self._busy.add(key)
                    return key
                self._changed.wait(wait)
            return None

    def done(self, key: K) -> None:
        with self._changed:
            self._busy.discard(key)
            if key in self._again:
                self._add(key, first=self._again.pop(key))
            self._changed.notify_all()

    def failed(self, key: K, delay: float | None = None) -> float:
        """Comes back to the key after `delay`, else after seconds that double each time; returns them."""
        with self._changed:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        seconds = delay or min(self._last_retry, self._first_retry * 2.0 ** min(failures, 16))
        self.add_after(key, seconds)
        return seconds

    def succeeded(self, key: K) -> None:
        with self._changed:
            self._failures.pop(key, None)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def is_closed(self) -> bool:
        return self._closed

    def _add(self, key: K, *, first: bool = False) -> None:
        if key in self._busy:
            self._again[key] = first or self._again.get(key, False)
        elif first:
            self._first.setdefault(key, self._waiting.pop(key, self._clock()))
        elif key not in self._first:
            self._waiting.setdefault(key, self._clock())

    def _move_due(self) -> float | None:
        """Seconds until something else is due; None if nothing is."""
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due, _, key, first = heapq.heappop(self._later)
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key, first=first)
        return self._later[0][0] - now if self._later else None
