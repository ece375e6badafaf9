"""Does what a plan asks for and tells it in the status, for both kinds; the reconcilers call it."""

from typing import Final

from troubleshooter_operator import log
from troubleshooter_operator.actions import Action, PatchClaim, PatchPod, PatchVolume
from troubleshooter_operator.apply import Applier
from troubleshooter_operator.cluster import Cluster
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from troubleshooter_operator.events import Events
from troubleshooter_operator.kinds import Json, Kind
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.news import News, news
from troubleshooter_operator.starting import one_line
from troubleshooter_operator.store import Key
from troubleshooter_operator.stores import Stores
from troubleshooter_operator.world import Plan

# What was refused may be allowed later, and no watch tells it.
REFUSED_SECONDS: Final = 10.0
_PATCHES: Final = (PatchPod, PatchClaim, PatchVolume)


class Performer:
    """Safe to use from several threads, for different keys."""

    def __init__(self, cluster: Cluster, stores: Stores, metrics: Metrics) -> None:
        self._applier = Applier(cluster, stores)
        self._events = Events(cluster)
        self._metrics = metrics

    def first_refusal(
        self, key: Key, actions: tuple[Action, ...], done: list[Action]
    ) -> tuple[Action, RefusedError] | None:
        """Do these in their order up to the first that is refused; `done` gets what was done."""
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

    def is_refused(self, key: Key, action: Action, done: list[Action]) -> bool:
        """Do this one, whatever comes of the others."""
        try:
            self._apply(key, action, done)
        except ForbiddenError as refused:
            log.warning("refused", namespace=key[0], name=key[1], action=type(action).__name__, error=refused)
            return True
        return False

    def tell(self, kind: Kind, found: Json, wanted: Json) -> tuple[News, ...]:
        """Write the status, if it differs, and make Events of what is new; ConflictError if too late."""
        if wanted == found.get("status"):
            return ()
        try:
            self._applier.write_status(kind, found, wanted)
        except NotFoundError as missing:  # deleted, then a watch will tell so, or the answer was wrong
            raise ConflictError(f"the {kind.name} is not there to be written to") from missing
        heard = news(found.get("status") or {}, wanted)
        for each in heard:
            self._events.tell(kind, found, each)
        return heard

    def _apply(self, key: Key, action: Action, done: list[Action]) -> None:
        what = self._applier.apply(action)
        if what is None:
            return
        done.append(action)
        self._metrics.acted(type(action).__name__)
        log.info(what, namespace=key[0], name=key[1])

    def _counted(self, refused: RefusedError) -> RefusedError:
        self._metrics.refused(refused.reason)
        return refused


def next_look(planned: Plan, done: list[Action], now: float, *, refused: bool) -> float | None:
    """Seconds until the next look; None where a watch will tell."""
    waits = [REFUSED_SECONDS] if refused else []
    # What it made of the objects is in the caches already, so no watch tells us of it again.
    waits += [0.0] if any(isinstance(action, _PATCHES) for action in done) else []
    waits += [planned.look_again - now] if planned.look_again is not None else []
    return min(waits, default=None)
