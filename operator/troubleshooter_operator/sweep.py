"""Looks, at the start and on a timer, for temporary namespaces whose Troubleshooter is gone.

No owner reference reaches across namespaces and no finalizer holds a Troubleshooter back, so this is what
takes them away. What was recorded in them is on kept volumes by then; where that is not certain, the
namespace stays.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_NAME, ANNOTATION_NAMESPACE, ANNOTATION_UID
from troubleshooter_operator import kinds, log
from troubleshooter_operator.apply import Applier
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.errors import ForbiddenError, NotFoundError, OperatorError
from troubleshooter_operator.kinds import Json, annotations, is_deleting, metadata, name_of, uid_of
from troubleshooter_operator.lodging import is_ours
from troubleshooter_operator.store import Key
from troubleshooter_operator.stores import Stores
from troubleshooter_operator.temporary import departure

EVERY_SECONDS: Final = 60.0
READY_SECONDS: Final = 1.0


class Sweeper:
    """One thread; `run` returns after `close`."""

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        on_orphan: Callable[[Key], None],
        is_ready: Callable[[], bool],
        every: float = EVERY_SECONDS,
    ) -> None:
        """`on_orphan`: told of a Troubleshooter that has left something. `is_ready`: the caches are full."""
        self._cluster = cluster
        self._stores = stores
        self._applier = Applier(cluster, stores)
        self._on_orphan = on_orphan
        self._is_ready = is_ready
        self._every = every
        self._closing = threading.Event()

    def run(self) -> None:
        while not self._is_ready():
            if self._closing.wait(READY_SECONDS):
                return
        self.sweep()
        while not self._closing.wait(self._every):
            self.sweep()

    def close(self) -> None:
        self._closing.set()

    def sweep(self) -> None:
        """Never raises: the next one comes soon."""
        try:
            for namespace in self._namespaces():
                self._look(namespace)
        except ForbiddenError:  # deploy/temporary-namespace is not installed, or not as a whole
            return
        except OperatorError as error:
            log.warning("sweep failed", error=error)

    def _namespaces(self) -> Iterator[Json]:
        after = ""
        while True:
            page = self._cluster.list_page(kinds.NAMESPACE, after)
            yield from page.get("items") or []
            after = metadata(page).get("continue") or ""
            if not after:
                return

    def _look(self, namespace: Json) -> None:
        if is_deleting(namespace) or not is_ours(namespace):
            return
        marks, name = annotations(namespace), name_of(namespace)
        key, uid = (
            (marks.get(ANNOTATION_NAMESPACE, ""), marks.get(ANNOTATION_NAME, "")),
            marks[ANNOTATION_UID],
        )
        if not all(key) or self._exists(key, uid):
            return
        self._on_orphan(key)
        claims = [claim for claim in self._stores.claims.all() if metadata(claim).get("namespace") == name]
        pods = [pod for pod in self._stores.pods.all() if metadata(pod).get("namespace") == name]
        for action in departure(uid, pods, claims, list(self._volumes(claims))):
            if done := self._applier.apply(action):
                log.info(done, namespace=key[0], name=key[1])

    def _exists(self, key: Key, uid: str) -> bool:
        try:
            return uid_of(self._cluster.get(kinds.TROUBLESHOOTER, *key)) == uid
        except NotFoundError:
            return False

    def _volumes(self, claims: list[Json]) -> Iterator[Json]:
        for claim in claims:
            if name := claim["spec"].get("volumeName"):
                try:
                    yield self._cluster.get(kinds.VOLUME, None, name)
                except NotFoundError:  # then there is nothing to keep
                    continue
