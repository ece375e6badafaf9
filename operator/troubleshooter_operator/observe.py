"""The world around one Troubleshooter: from the caches, and from the API server where those are blind."""

import threading
from collections.abc import Callable

from troubleshooter_agent.contract import ANNOTATION_END, ANNOTATION_RUN, SYSTEM_NAMESPACE
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.endings import Trace
from troubleshooter_operator.errors import NotFoundError
from troubleshooter_operator.graveyard import Grave
from troubleshooter_operator.identity import Vouched, requested_by
from troubleshooter_operator.inquiry import Inquiry
from troubleshooter_operator.kinds import POD, VOLUME, Json, annotations, name_of, owner_uid, uid_of
from troubleshooter_operator.occupancy import occupants
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run
from troubleshooter_operator.scrape import Reports
from troubleshooter_operator.sightings import Sightings
from troubleshooter_operator.stores import Stores, mount_key
from troubleshooter_operator.toolbox import toolbox
from troubleshooter_operator.world import World


class Observer:
    """Safe to use from several threads."""

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        reports: Reports,
        inquiry: Inquiry | None = None,
        operator_namespace: str = SYSTEM_NAMESPACE,
        *,
        vouched: Callable[[], Vouched] = Vouched,
        sightings: Sightings | None = None,
    ) -> None:
        """`inquiry`: instead of the volumes, which are neither watched nor patched then.

        `vouched`: which names admission sees to; none unless somebody tells. `sightings`: when each was seen
        to run; without them the instant of the look counts.
        """
        self._cluster = cluster
        self._stores = stores
        self._reports = reports
        self._inquiry = inquiry
        self._operator_namespace = operator_namespace
        self._vouched = vouched
        self._sightings = sightings or Sightings(cluster.now)
        self._told = Told(cluster.now)

    def look(self, asked: Troubleshooter, graves: list[Grave]) -> World:
        pod, vouched = self._pod(asked), self._vouched()
        wanted = _claim_name(asked)
        claim = self._stores.claims.get(asked.pod_namespace, wanted) if wanted else None
        return World(
            classes=tuple(self._stores.classes.all()),
            pod=pod,
            trace=trace(asked.uid, asked.run, asked.wanted_run, pod, graves),
            claim=claim,
            volume=self._volume(claim, asked.run) if self._inquiry is None else None,
            reclaim=self._inquiry.of(claim) if self._inquiry else None,
            confined=self._inquiry is not None,
            operator_namespace=self._operator_namespace,
            occupants=self._occupants(asked, pod, claim),
            requested_by=requested_by(asked, vouched),
            names_checked=vouched.requesters_since is not None,
            execs=vouched.execs,
            report=self._reports.of(uid_of(pod)) if pod else None,
            seen_running_at=self._sightings.of(uid_of(pod)) if pod else None,
            told_to_end_at=self._told.at(pod) if pod else None,
        )

    def forget(self, graves: list[Grave]) -> None:
        for grave in graves:
            self._told.forget(uid_of(grave.pod))

    def _pod(self, asked: Troubleshooter) -> Json | None:
        """Missing in the cache is not gone: somebody may have taken the label away by which we watch."""
        pod = self._stores.pods.get(asked.pod_namespace, asked.pod_name)
        if pod is not None or asked.run is None or asked.run.ended:
            return pod
        try:
            return self._cluster.get(POD, asked.pod_namespace, asked.pod_name)
        except NotFoundError:
            return None

    def _volume(self, claim: Json | None, run: Run | None) -> Json | None:
        """A volume that we have not marked yet is in no cache."""
        bound = claim["spec"].get("volumeName") if claim else None
        name = bound or (run.volume_name if run else None)
        if not name:
            return None
        cached = self._stores.volumes.get("", name)
        if cached is not None or bound is None:
            return cached
        try:
            return self._cluster.get(VOLUME, None, name)
        except NotFoundError:
            return None

    def _occupants(self, asked: Troubleshooter, pod: Json | None, claim: Json | None) -> tuple[Json, ...]:
        """Only looked for where a pod may be made."""
        if pod is not None or claim is None:
            return ()
        mounting = self._stores.pods.group(mount_key(asked.pod_namespace, name_of(claim)))
        return occupants(claim, mounting, asked.uid)


class Told:
    """When it was first seen that a pod has been told to end. Safe to use from several threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[str, float] = {}  # by uid of the pod
        self._lock = threading.Lock()

    def at(self, pod: Json) -> float | None:
        if not annotations(pod).get(ANNOTATION_END):
            return None
        with self._lock:
            return self._seen.setdefault(uid_of(pod), self._now())

    def forget(self, uid: str) -> None:
        with self._lock:
            self._seen.pop(uid, None)


def _claim_name(asked: Troubleshooter) -> str | None:
    """The claim of the run, once it has begun in earnest; before, the one asked for."""
    run = asked.run
    if run is None or run.resolved is None:
        return asked.claim_name
    next_run = (
        run.ended is not None and asked.wanted_run > run.number and not (asked.stopped or asked.deleting)
    )
    settled = run.started_at is not None or run.ended is not None
    return run.claim_name if settled and not next_run else asked.claim_name


def trace(
    owner: str, run: Run | None, wanted_run: int, pod: Json | None, graves: list[Grave]
) -> Trace | None:
    """What is left of the pod of the run in force, if that pod is gone. `owner` is a uid."""
    in_force = run is not None and run.ended is None
    number = run.number if run is not None and in_force else wanted_run
    uid = run.pod_uid if run is not None and in_force else None
    if pod is not None and (uid_of(pod) == uid or (uid is None and owner_uid(pod) == owner)):
        return None
    for grave in reversed(graves):
        ours = owner_uid(grave.pod) == owner and annotations(grave.pod).get(ANNOTATION_RUN) == str(number)
        if uid_of(grave.pod) == uid or (uid is None and ours):
            return Trace(toolbox(grave.pod), gone=True, witnessed=grave.witnessed)
    return Trace(None, gone=True, witnessed=False) if uid is not None else None
