"""One look at one Replay: observe, plan, perform, tell. The controller calls it; it keeps nothing."""

from dataclasses import replace

from troubleshooter_operator.actions import Action, Announce
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.conditions import Ready, ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.graveyard import Graveyard
from troubleshooter_operator.kinds import REPLAY, Json
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.perform import Performer, next_look
from troubleshooter_operator.replay import Replay, replay
from troubleshooter_operator.replay_observe import ReplayObserver
from troubleshooter_operator.replay_plan import plan_replay
from troubleshooter_operator.replay_source import find_source
from troubleshooter_operator.replay_status import replay_status
from troubleshooter_operator.replay_world import ReplayWorld
from troubleshooter_operator.store import Key
from troubleshooter_operator.stores import Stores


class ReplayReconciler:
    """Safe to use from several threads, for different keys."""

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        graveyard: Graveyard,
        observer: ReplayObserver,
        metrics: Metrics,
    ) -> None:
        self._cluster = cluster
        self._stores = stores
        self._graveyard = graveyard
        self._observer = observer
        self._performer = Performer(cluster, stores, metrics)
        self._metrics = metrics

    def reconcile(self, key: Key, namespace: str, name: str) -> float | None:
        """Seconds until the next look; None where a watch will tell. `key` is where its pods are buried."""
        graves = self._graveyard.at(key)
        found = self._stores.replays.get(namespace, name)
        if found is None:  # its pod goes with it, and nothing has to be told
            self._forget(key)
            return None
        asked, now = replay(found), self._cluster.now()
        look_again = self._attend(key, found, asked, self._observer.look(asked, graves), now)
        self._graveyard.forget(key, graves)
        self._observer.forget(graves)
        return look_again

    def _forget(self, key: Key) -> None:
        graves = self._graveyard.at(key)
        self._graveyard.forget(key, graves)
        self._observer.forget(graves)

    def _attend(self, key: Key, found: Json, asked: Replay, world: ReplayWorld, now: float) -> float | None:
        planned = plan_replay(asked, world, now)
        done: list[Action] = []
        refusal = self._performer.first_refusal(key, planned.before, done)
        for action in done:
            if isinstance(action, Announce):
                self._metrics.replay_ended(action.reason)
        if refusal is not None:
            condition = ready(Ready(refusal[1].reason), str(refusal[1]))
            planned = replace(planned, run=planned.unbegun, ready=condition, after=())
        wanted = replay_status(
            asked,
            planned.run,
            planned.ready,
            recordings_of=_recordings_of(asked, world),
            requested_by=world.requested_by,
            now=now,
        )
        self._performer.tell(REPLAY, found, wanted)
        refused = [action for action in planned.after if self._performer.is_refused(key, action, done)]
        return next_look(planned, done, now, refused=bool(refusal or refused))


def _recordings_of(asked: Replay, world: ReplayWorld) -> str | None:
    try:
        return find_source(asked, world.shelves).recordings_of
    except RefusedError:
        return None
