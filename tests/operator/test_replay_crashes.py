"""An operator that is killed at any of its writes in the life of a Replay changes nothing of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from modelled_api import KilledError, ModelledApi
from prometheus_client import CollectorRegistry
from resource_objects import FAREWELL, NOW, claim, finished, offer, replay, running, volume

from troubleshooter_operator import kinds
from troubleshooter_operator.errors import TemporaryError
from troubleshooter_operator.graveyard import Graveyard
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.replay_observe import ReplayObserver
from troubleshooter_operator.replay_reconcile import ReplayReconciler
from troubleshooter_operator.store import Key, replay_key
from troubleshooter_operator.stores import Stores

KEY: Key = ("default", "look")
WRITES = 9  # those of an undisturbed life, which a test counts
ENDED_AT = 1795373940.0  # 2026-11-22T18:59:00Z


class Life:
    """Of Replay `look`; each step is looked at until nothing is left to do, each time by a new operator."""

    def __init__(self, kill_in: int | None, *, kill_after: bool) -> None:
        self.api = ModelledApi(NOW, on_request=self._note)
        self.pods_made = 0
        self.told: list[str] = []
        for kind, thing in (
            (kinds.CLASS, offer()),
            (kinds.CLAIM, claim()),
            (kinds.VOLUME, volume()),
            (kinds.REPLAY, replay()),
        ):
            self.api.add(kind, thing)
        self.api.kill_in, self.api.kill_after = kill_in, kill_after

    def live(self) -> Iterator[Any]:
        """The Replay after each step."""
        self._look()
        yield self._replay()
        pod = self.api.find(kinds.POD, *KEY)
        assert pod is not None
        self.api.change(kinds.POD, KEY, lambda it: it.update(status=running()))
        self._look()
        yield self._replay()
        self.api.change(kinds.POD, KEY, lambda it: it.update(status=finished(message=FAREWELL)))
        self.api.time = ENDED_AT + 1
        self._look()
        yield self._replay()
        self.api.time = ENDED_AT + 3600
        self._look()

    def _replay(self) -> Any:
        return self.api.find(kinds.REPLAY, *KEY)

    def _look(self) -> None:
        """Until the looks change nothing any more; a new operator lists everything."""
        before = -1
        while before != self.api.writes:
            before = self.api.writes
            try:
                self._operator().reconcile(replay_key(*KEY), *KEY)
            except KilledError:
                before = -1
            except TemporaryError:
                before = -1

    def _operator(self) -> ReplayReconciler:
        stores, metrics = Stores(), Metrics(CollectorRegistry())
        for kind in (kinds.TROUBLESHOOTER, kinds.REPLAY, kinds.CLASS, kinds.POD, kinds.CLAIM, kinds.VOLUME):
            self.api.fill(kind, stores.store(kind))
        return ReplayReconciler(self.api, stores, Graveyard(), ReplayObserver(self.api, stores), metrics)

    def _note(self, verb: str, kind: kinds.Kind, _: Any, body: Any) -> None:
        self.pods_made += verb == "create" and kind == kinds.POD
        if verb == "create" and kind == kinds.EVENT:
            self.told.append(body["reason"])


def reasons(found: Any) -> dict[str, str]:
    return {each["type"]: each["reason"] for each in found["status"]["conditions"]}


@pytest.mark.parametrize("kill_in", [None, *range(WRITES)])
@pytest.mark.parametrize("kill_after", [False, True], ids=["before", "after"])
def test_killed_at_any_write(kill_in: int | None, *, kill_after: bool) -> None:
    life = Life(kill_in, kill_after=kill_after)
    seen = [reasons(found) for found in life.live()]
    assert seen == [
        {"Ready": "Provisioning", "Ended": "Running"},
        {"Ready": "ReplayAvailable", "Ended": "Running"},
        {"Ready": "Ended", "Ended": "IdleTimeout"},
    ]
    assert life.pods_made == 1
    assert life.told.count("IdleTimeout") == 1
    assert life.api.find(kinds.POD, *KEY) is None
    assert life.api.find(kinds.REPLAY, *KEY) is None


def test_an_undisturbed_life_has_no_more_writes_than_are_tried() -> None:
    life = Life(None, kill_after=False)
    assert len(list(life.live())) == 3
    assert life.api.writes == WRITES
