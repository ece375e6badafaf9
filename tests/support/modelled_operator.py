"""The operator over a modelled API server: its own caches and reconciler, looked at one step at a time.

What it knows is what the test has delivered; what it has in mind goes with it when it is killed.
"""

from modelled_api import ModelledApi
from prometheus_client import CollectorRegistry

from troubleshooter_operator import kinds
from troubleshooter_operator.errors import TemporaryError
from troubleshooter_operator.graveyard import Graveyard
from troubleshooter_operator.kinds import Kind
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.observe import Observer
from troubleshooter_operator.reconcile import Reconciler
from troubleshooter_operator.reports import Report
from troubleshooter_operator.scrape import Reports
from troubleshooter_operator.store import Change, Key
from troubleshooter_operator.stores import Stores

WATCHED = (kinds.TROUBLESHOOTER, kinds.CLASS, kinds.POD, kinds.CLAIM, kinds.VOLUME)
KEY: Key = ("default", "web")


class ModelledOperator:
    """One process of it, from its start: it lists everything. `due` is when it wants to look again."""

    def __init__(self, api: ModelledApi) -> None:
        self._api = api
        self._stores, self._graveyard, self._reports = Stores(), Graveyard(), Reports()
        for kind in WATCHED:
            api.fill(kind, self._stores.store(kind))
        observer = Observer(api, self._stores, self._reports)
        metrics = Metrics(CollectorRegistry())
        self._reconciler = Reconciler(api, self._stores, self._graveyard, observer, metrics)
        self.due: float | None = api.time

    def deliver(self, kind: Kind) -> bool:
        """Let its watch tell one thing; False if there is nothing to tell."""
        event = self._api.next_event(kind)
        if event is None:
            return False
        there, thing = event
        store = self._stores.store(kind)
        change = store.put(thing) if there else store.remove(thing)
        if change is not None:
            self._heard(kind, change)
        return True

    def deliver_all(self) -> None:
        for kind in WATCHED:
            while self.deliver(kind):
                pass

    def hear_report(self, uid: str, report: Report) -> None:
        """An answer of the agent in that pod."""
        if self._reports.put(uid, report):
            self.due = self._api.time

    def look(self) -> None:
        """One reconcile, whether it is due or not. What fails for a while is tried again a second later."""
        try:
            seconds = self._reconciler.reconcile(KEY)
        except TemporaryError:
            seconds = 1.0
        self.due = None if seconds is None else self._api.time + max(seconds, 0.0)

    def is_due(self) -> bool:
        return self.due is not None and self.due <= self._api.time

    def _heard(self, kind: Kind, change: Change) -> None:
        if kind == kinds.POD and change.new is None and change.old is not None:
            self._graveyard.bury(change.old, witnessed=change.witnessed)
        self.due = self._api.time
