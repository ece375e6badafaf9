"""Makes the Events of both kinds; `perform` calls it, nothing waits for it.

One object for each condition and reason: what happens again raises its count, so there is never a stream. An
Event is a courtesy, the conditions tell the same: what the API server refuses is logged, and not tried again.
"""

import hashlib
import threading
from collections import OrderedDict, deque
from typing import Final

from troubleshooter_agent.contract import GROUP, VERSION, format_time
from troubleshooter_operator import kinds, log
from troubleshooter_operator.cluster import FIELD_MANAGER, Cluster
from troubleshooter_operator.errors import AlreadyExistsError, OperatorError
from troubleshooter_operator.kinds import Json, Kind, metadata, name_of, uid_of
from troubleshooter_operator.news import News

MOST: Final = 6
WITHIN_SECONDS: Final = 60.0


class Pace:
    """At most `MOST` things within `WITHIN_SECONDS`, for each name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()  # whose last is oldest comes first

    def take(self, name: str, now: float) -> bool:
        """Whether one more may be; `now` in seconds."""
        with self._lock:
            self._forget(now - WITHIN_SECONDS)
            taken = self._taken.setdefault(name, deque())
            while taken and taken[0] <= now - WITHIN_SECONDS:
                taken.popleft()
            if len(taken) >= MOST:
                return False
            taken.append(now)
            self._taken.move_to_end(name)
            return True

    def _forget(self, until: float) -> None:
        """So that those of toolboxes that are gone do not pile up; no look at the thousands that stay."""
        while self._taken and next(iter(self._taken.values()))[-1] <= until:
            self._taken.popitem(last=False)


class Events:
    """Safe to use from several threads."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pace = Pace()

    def tell(self, kind: Kind, found: Json, heard: News) -> None:
        """One Event about the resource `found`, or one more of the same."""
        now = self._cluster.now()
        if not self._pace.take(uid_of(found), now):
            return
        made = event(kind, found, heard, format_time(now))
        namespace = metadata(made)["namespace"]
        try:
            self._create_or_count(namespace, made)
        except OperatorError as refused:
            log.warning("event refused", namespace=namespace, name=name_of(found), error=refused)

    def _create_or_count(self, namespace: str, made: Json) -> None:
        try:
            self._cluster.create(kinds.EVENT, namespace, made)
        except AlreadyExistsError:
            self._count(namespace, made)

    def _count(self, namespace: str, made: Json) -> None:
        """The operator may not read Events; the answer to the first patch has the count."""
        name = name_of(made)
        again = {key: made[key] for key in ("message", "lastTimestamp")}
        there = self._cluster.patch(kinds.EVENT, namespace, name, again)
        self._cluster.patch(kinds.EVENT, namespace, name, {"count": there.get("count", 1) + 1})


def event(kind: Kind, found: Json, heard: News, at: str) -> Json:
    """As core/v1 has it; its name says which resource, condition and reason, so it is made once."""
    meta = metadata(found)
    same = hashlib.sha256(f"{uid_of(found)}/{heard.condition}/{heard.reason}".encode()).hexdigest()[:16]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{name_of(found)}.{same}", "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": kind.name,
            "namespace": meta["namespace"],
            "name": name_of(found),
            "uid": uid_of(found),
        },
        "reason": heard.reason,
        "message": heard.message,
        "type": "Normal" if heard.normal else "Warning",
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
