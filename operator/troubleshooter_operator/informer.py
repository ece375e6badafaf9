"""Keeps a store equal to what the API server has: lists, watches, and lists again now and then.

The list is the truth and the watch only tells sooner, so a lost event costs a minute and not the truth.
Handlers are called after the store has changed: who looks then sees at least that.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from troubleshooter_operator import log
from troubleshooter_operator.cluster import Cluster, Watch
from troubleshooter_operator.errors import OperatorError, TemporaryError
from troubleshooter_operator.kinds import Json, Kind
from troubleshooter_operator.store import Change, Store


@dataclass(frozen=True)
class Pace:
    """Seconds. A watch is cut after `watch`, given up `slack` later; a list comes each `relist` (`_many`)."""

    watch: int = 50
    slack: float = 10.0
    relist: float = 60.0
    relist_many: float = 600.0
    many: int = 1000
    first_retry: float = 0.5
    last_retry: float = 30.0


class Informer:
    """One thread for one kind of object; `run` returns after `stop`."""

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        store: Store,
        on_change: Callable[[Change], None],
        *,
        pace: Pace | None = None,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.kind = kind
        self.store = store
        self.synced = threading.Event()
        self._cluster = cluster
        self._on_change = on_change
        self._on_failure = on_failure
        self._pace = pace or Pace()
        self._stopping = threading.Event()
        self._watch: Watch | None = None
        self._version = ""
        self._list_due = 0.0
        self._last_contact = time.monotonic()

    def silence(self) -> float:
        """Seconds since the API server last answered for this kind."""
        return time.monotonic() - self._last_contact

    def run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._cycle()
                failures = 0
            except OperatorError as error:
                failures += 1
                self._failed(failures, error)
            except Exception as error:  # noqa: BLE001 - an answer of a shape nobody foresaw: the thread must live
                failures += 1
                log.bug("watch failed", error, kind=self.kind.name)
                self._failed(failures, error)

    def stop(self) -> None:
        self._stopping.set()
        if self._watch is not None:
            self._watch.stop()

    def _failed(self, failures: int, error: Exception) -> None:
        if self._stopping.is_set():
            return
        self._list_due = 0.0  # whatever it was, only a list tells what was missed
        log.warning("watch failed", kind=self.kind.name, failures=failures, error=error)
        self._on_failure(self.kind.name)
        asked = error.delay if isinstance(error, TemporaryError) else None
        self._stopping.wait(max(self._backoff(failures), asked or 0.0))

    def _cycle(self) -> None:
        if time.monotonic() >= self._list_due:
            self._list()
        self._follow()

    def _list(self) -> None:
        things, version = self._pages()
        changes = self.store.replace(things, version)
        self._version = version
        many = len(things) > self._pace.many
        self._list_due = time.monotonic() + (self._pace.relist_many if many else self._pace.relist)
        for change in changes:
            self._on_change(change)
        self.synced.set()

    def _pages(self) -> tuple[list[Json], str]:
        things: list[Json] = []
        after = ""
        while True:
            page = self._cluster.list_page(self.kind, after)
            self._heard()
            things += page.get("items") or []
            after = page["metadata"].get("continue") or ""
            if not after:
                return things, page["metadata"]["resourceVersion"]

    def _follow(self) -> None:
        seconds = min(self._pace.watch, max(1, int(self._list_due - time.monotonic())))
        self._watch = self._cluster.watch(self.kind, self._version, seconds, self._pace.slack)
        self._heard()
        if self._stopping.is_set():  # stop may have come before there was a watch to stop
            self._watch.stop()
        for event in self._watch:
            self._heard()
            self._take(event)
        self._heard()

    def _take(self, event: Json) -> None:
        thing = event["object"]
        self._version = thing["metadata"]["resourceVersion"]
        if event["type"] == "BOOKMARK":
            self.store.advance(self._version)
            return
        change = self.store.remove(thing) if event["type"] == "DELETED" else self.store.put(thing)
        if change is not None:
            self._on_change(change)

    def _heard(self) -> None:
        self._last_contact = time.monotonic()

    def _backoff(self, failures: int) -> float:
        longest = min(self._pace.last_retry, self._pace.first_retry * 2 ** min(failures - 1, 16))
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads the load, keeps no secret
