"""One look at one Troubleshooter: observe, plan, apply, tell. The controller calls it; it keeps nothing."""

from dataclasses import replace
from typing import Final

from troubleshooter_operator import kinds
from troubleshooter_operator.actions import Action, Announce, PatchVolume
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.conditions import Ready, RecordingsRetained, ready, retained
from troubleshooter_operator.errors import NotFoundError, RefusedError
from troubleshooter_operator.graveyard import Grave, Graveyard
from troubleshooter_operator.kinds import Json, uid_of
from troubleshooter_operator.left_behind import LeftBehind, settle, unfinished_owners
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.milestones import Milestones
from troubleshooter_operator.observe import Observer
from troubleshooter_operator.perform import REFUSED_SECONDS, Performer, next_look
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter
from troubleshooter_operator.status import status
from troubleshooter_operator.store import Key, key_of
from troubleshooter_operator.stores import Stores
from troubleshooter_operator.world import Plan

_RETAIN_REMEDY: Final = (
    "an administrator can allow the operator that patch, install deploy/retain, or offer a StorageClass with "
    "reclaimPolicy: Retain"
)


class Reconciler:
    """Safe to use from several threads, for different keys."""

    def __init__(
        self, cluster: Cluster, stores: Stores, graveyard: Graveyard, observer: Observer, metrics: Metrics
    ) -> None:
        self._cluster = cluster
        self._stores = stores
        self._graveyard = graveyard
        self._observer = observer
        self._performer = Performer(cluster, stores, metrics)
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
        refusal = self._performer.first_refusal(key, planned.before, done)
        shown = _with_refusal(planned, *refusal) if refusal else planned
        self._count_ends(planned, done)
        self._tell(found, status(asked, shown.run, shown.ready, now, world.requested_by))
        goes_on = refusal is None or isinstance(refusal[0], PatchVolume)  # the end is not held up by it
        after = planned.after if goes_on else ()
        refused_after = [action for action in after if self._performer.is_refused(key, action, done)]
        return next_look(planned, done, now, refused=bool(refusal or refused_after))

    def _count_ends(self, planned: Plan, done: list[Action]) -> None:
        for action in done:
            if isinstance(action, Announce):
                self._metrics.ended(action.reason)
                if planned.run is not None:
                    self._milestones.ended(planned.run, action.recorded_bytes)

    def _tell(self, found: Json, wanted: Json) -> None:
        for heard in self._performer.tell(kinds.TROUBLESHOOTER, found, wanted):
            if heard.reason == Ready.SHELL_AVAILABLE:
                self._note_shell(found, wanted)

    def _note_shell(self, found: Json, told: Json) -> None:
        pod = self._stores.pods.get(told["podNamespace"], told["podName"])
        if pod is not None:
            self._milestones.shell_available(key_of(found), pod, self._cluster.now())

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
        return not [action for action in actions if self._performer.is_refused(key, action, [])]

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
