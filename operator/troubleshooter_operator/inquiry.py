"""Asks the API server what becomes of volumes where the operator may not watch them; used by observe.

Answers are kept for a while, since nothing tells of changes and each look would ask again.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from troubleshooter_operator import kinds
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.errors import ForbiddenError, NotFoundError
from troubleshooter_operator.kinds import Json, Kind, uid_of
from troubleshooter_operator.reclaim import Reclaim, reclaim

KEPT_SECONDS: Final = 60.0


class Inquiry:
    """Safe to use from several threads."""

    def __init__(self, cluster: Cluster, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._monotonic = monotonic
        self._answers: dict[str, tuple[float, Reclaim]] = {}  # by the claim's uid: until when it holds
        self._lock = threading.Lock()

    def of(self, claim: Json | None) -> Reclaim | None:
        """None while the claim has no volume."""
        if claim is None or (claim.get("status") or {}).get("phase") != "Bound":
            return None
        now = self._monotonic()
        with self._lock:
            self._answers = {uid: answer for uid, answer in self._answers.items() if answer[0] > now}
            known = self._answers.get(uid_of(claim))
        if known is not None:
            return known[1]
        found = self._ask(claim)
        with self._lock:
            self._answers[uid_of(claim)] = (now + KEPT_SECONDS, found)
        return found

    def _ask(self, claim: Json) -> Reclaim:
        volume = self._read(kinds.VOLUME, claim["spec"].get("volumeName"))
        storage_class = None
        if volume is None:
            storage_class = self._read(kinds.STORAGE_CLASS, claim["spec"].get("storageClassName"))
        return reclaim(claim, volume, storage_class)

    def _read(self, kind: Kind, name: str | None) -> Json | None:
        if not name:
            return None
        try:
            return self._cluster.get(kind, None, name)
        except (ForbiddenError, NotFoundError):
            return None
