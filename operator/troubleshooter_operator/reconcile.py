"""One look at one Troubleshooter: observe, plan, apply, tell. The controller calls it; it keeps nothing."""

from dataclasses import replace
from typing import Final

from troubleshooter_operator import kinds, log
from troubleshooter_operator.actions import Action, Announce, PatchClaim, PatchPod, PatchVolume
from troubleshooter_operator.apply import Applier
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.conditions import Ready, RecordingsRetained, ready, retained
from troubleshooter_operator.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from troubleshooter_operator.events import Events
from troubleshooter_operator.graveyard import Grave, Graveyard
from troubleshooter_operator.kinds import Json, metadata, name_of, uid_of
from troubleshooter_operator.left_behind import LeftBehind, settle, unfinished_owners
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.milestones import Milestones
from troubleshooter_operator.news import news
from troubleshooter_operator.observe import Observer
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter
from troubleshooter_operator.starting import one_line
from troubleshooter_operator.status import status
from troubleshooter_operator.store import Key
from troubleshooter_operator.stores import Stores
from troubleshooter_operator.world import Plan

# What was refused may be allowed later, and no watch tells it.
REFUSED_SECONDS: Final = 10.0
_RETAIN_REMEDY: Final = (
    "an administrator can allow the operator that patch, install deploy/retain, or offer a StorageClass with "
    "reclaimPolicy: Retain"
)
_PATCHES: Final = (PatchPod, PatchClaim, PatchVolume)


class Reconciler:
    """Safe to use from several threads, for different keys."""

    def __init__(
        self, cluster: Cluster, stores: Stores, graveyard: Graveyard, observer: Observer, metrics: Metrics
    ) -> None:
        self._cluster = cluster
        self._stores = stores
        self._graveyard = graveyard
        self._observer = observer
        self._applier = Applier(cluster, stores)
        self._events = Events(cluster)
        self._metrics = metrics
        self._milestones = Milestones(metrics)

    def reconcile(self, key: Key) -> float | None:
        """Seconds until the next look; None where a watch will tell."""
        graves = self._graveyard.at(key)
        found = self._stores.troubleshooters.get(*key)
        settled = self._settle(key, found, graves)
        look_again = self._attend(key, found, graves) if found is not None else None
        if found is None:
            self._milestones.forget(key)
        if not settled:
            return REFUSED_SECONDS if look_again is None else min(look_again, REFUSED_SECONDS)
        self._graveyard.forget(key, graves)
        self._observer.forget(graves)
        return look_again

    def _attend(self, key: Key, found: Json, graves: list[Grave]) -> float | None:
        asked = troubleshooter(found)
        now = self._cluster.now()
        world = self._observer.look(asked, graves)
        planned = plan(asked, world, now)
        done: list[Action] = []
        refusal = self._first_refusal(key, planned.before, done)
        shown = _with_refusal(planned, *refusal) if refusal else planned
        for action in done:
            if isinstance(action, Announce) and planned.run is not None:
                self._milestones.ended(planned.run, action.recorded_bytes)
        self._tell(found, status(asked, shown.run, shown.ready, now, world.requested_by))
        goes_on = refusal is None or isinstance(refusal[0], PatchVolume)  # the end is not held up by it
        after = planned.after if goes_on else ()
        refused_after = [action for action in after if self._is_refused(key, action, done)]
        waits = [REFUSED_SECONDS] if refusal or refused_after else []
        # What it made of the objects is in the caches already, so no watch tells us of it again.
        waits += [0.0] if any(isinstance(action, _PATCHES) for action in done) else []
        waits += [planned.look_again - now] if planned.look_again is not None else []
        return min(waits, default=None)

    def _tell(self, found: Json, wanted: Json) -> None:
        if wanted == found.get("status"):
            return
        try:
            self._applier.write_status(found, wanted)
        except NotFoundError as missing:  # deleted, then a watch will tell so, or the answer was wrong
            raise ConflictError("the Troubleshooter is not there to be written to") from missing
        for heard in news(found.get("status") or {}, wanted):
            self._events.tell(found, heard)
            if heard.reason == Ready.SHELL_AVAILABLE:
                self._note_shell(found, wanted)

    def _note_shell(self, found: Json, told: Json) -> None:
        key = str(metadata(found)["namespace"]), name_of(found)
        pod = self._stores.pods.get(told["podNamespace"], told["podName"])
        if pod is not None:
            self._milestones.shell_available(key, pod, self._cluster.now())

    def _first_refusal(
        self, key: Key, actions: tuple[Action, ...], done: list[Action]
    ) -> tuple[Action, RefusedError] | None:
        for action in actions:
            try:
                self._apply(key, action, done)
            except RefusedError as refused:
                return action, self._counted(refused)
            except ForbiddenError as refused:
                return action, self._counted(
                    RefusedError(Ready.FORBIDDEN, f"The API server refuses: {one_line(str(refused))}")
                )
        return None

    def _is_refused(self, key: Key, action: Action, done: list[Action]) -> bool:
        try:
            self._apply(key, action, done)
        except ForbiddenError as refused:
            log.warning("refused", namespace=key[0], name=key[1], action=type(action).__name__, error=refused)
            return True
        return False

    def _apply(self, key: Key, action: Action, done: list[Action]) -> None:
        what = self._applier.apply(action)
        if what is None:
            return
        done.append(action)
        self._metrics.acted(type(action).__name__)
        if isinstance(action, Announce):
            self._metrics.ended(action.reason)
        log.info(what, namespace=key[0], name=key[1])

    def _counted(self, refused: RefusedError) -> RefusedError:
        self._metrics.refused(refused.reason)
        return refused

    def _settle(self, key: Key, found: Json | None, graves: list[Grave]) -> bool:
        """The rest of Troubleshooters of that name that are no more; False if something was refused."""
        left = LeftBehind(
            claims=tuple(self._stores.claims.group(key)),
            volumes=tuple(self._stores.volumes.group(key)),
            pods=tuple(self._stores.pods.group(key)),
            gone=tuple(grave.pod for grave in reversed(graves)),
        )
        owners = unfinished_owners(left, uid_of(found) if found else None)
        gone = [owner for owner in owners if not self._exists(key, owner)]
        actions = [action for owner in gone for action in settle(left, owner, self._cluster.now())]
        return not [action for action in actions if self._is_refused(key, action, [])]

    def _exists(self, key: Key, uid: str) -> bool:
        """Asked of the API server: the cache may not have it yet."""
        try:
            return uid_of(self._cluster.get(kinds.TROUBLESHOOTER, *key)) == uid
        except NotFoundError:
            return False


def _with_refusal(planned: Plan, action: Action, refused: RefusedError) -> Plan:
    condition = ready(Ready(refused.reason), str(refused))
    run = planned.unbegun
    if not isinstance(action, PatchVolume) or run is None:
        return replace(planned, run=run, ready=condition)
    run = replace(run, retained=retained(RecordingsRetained.NOT_PERMITTED, f"{refused}; {_RETAIN_REMEDY}"))
    is_required = run.resolved is None or run.resolved.require_retain
    return replace(planned, run=run, ready=condition if is_required else planned.ready)
