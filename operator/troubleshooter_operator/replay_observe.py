"""The world around one Replay: from the caches, and from the API server where those are blind."""

from collections.abc import Callable

from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.errors import NotFoundError
from troubleshooter_operator.graveyard import Grave
from troubleshooter_operator.identity import Vouched, requested_by
from troubleshooter_operator.kinds import POD, Json, uid_of
from troubleshooter_operator.observe import Told, trace
from troubleshooter_operator.replay import RUN, Replay
from troubleshooter_operator.replay_source import Shelves
from troubleshooter_operator.replay_world import ReplayWorld
from troubleshooter_operator.resources import troubleshooter
from troubleshooter_operator.sightings import Sightings
from troubleshooter_operator.store import key_of
from troubleshooter_operator.stores import Stores, mount_key


class ReplayObserver:
    """Safe to use from several threads."""

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        *,
        vouched: Callable[[], Vouched] = Vouched,
        sightings: Sightings | None = None,
    ) -> None:
        """As the `Observer` of toolboxes has it."""
        self._cluster = cluster
        self._stores = stores
        self._vouched = vouched
        self._sightings = sightings or Sightings(cluster.now)
        self._told = Told(cluster.now)

    def look(self, asked: Replay, graves: list[Grave]) -> ReplayWorld:
        pod, vouched, shelves = self._pod(asked), self._vouched(), self._shelves(asked)
        return ReplayWorld(
            classes=tuple(self._stores.classes.all()),
            shelves=shelves,
            pod=pod,
            trace=trace(asked.uid, asked.run, RUN, pod, graves),
            holders=self._holders(shelves),
            requested_by=requested_by(asked, vouched),
            execs=vouched.execs,
            seen_running_at=self._sightings.of(uid_of(pod)) if pod else None,
            told_to_end_at=self._told.at(pod) if pod else None,
        )

    def forget(self, graves: list[Grave]) -> None:
        for grave in graves:
            self._told.forget(uid_of(grave.pod))

    def _pod(self, asked: Replay) -> Json | None:
        """Missing in the cache is not gone: somebody may have taken the label away by which we watch."""
        pod = self._stores.pods.get(asked.namespace, asked.pod_name)
        if pod is not None or asked.run is None or asked.run.ended:
            return pod
        try:
            return self._cluster.get(POD, asked.namespace, asked.pod_name)
        except NotFoundError:
            return None

    def _shelves(self, asked: Replay) -> Shelves:
        name = asked.troubleshooter_name
        found = self._stores.troubleshooters.get(asked.namespace, name) if name else None
        claims = [claim for claim in self._stores.claims.all() if key_of(claim)[0] == asked.namespace]
        bound = [self._stores.volumes.get("", claim["spec"].get("volumeName") or "") for claim in claims]
        return Shelves(
            claims=tuple(claims),
            troubleshooter=troubleshooter(found) if found else None,
            volumes=tuple(volume for volume in bound if volume is not None),
        )

    def _holders(self, shelves: Shelves) -> tuple[Json, ...]:
        keys = [mount_key(*key_of(claim)) for claim in shelves.claims]
        return tuple(pod for key in keys for pod in self._stores.pods.group(key))
