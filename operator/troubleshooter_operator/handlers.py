"""Which resource to look at when something changes. Informers call it after their store changed."""

from collections.abc import Callable
from dataclasses import replace

from troubleshooter_operator import kinds
from troubleshooter_operator.graveyard import Graveyard, owner_key
from troubleshooter_operator.kinds import Json, Kind, is_replay_pod
from troubleshooter_operator.occupancy import written_claims
from troubleshooter_operator.scrape import Scraper
from troubleshooter_operator.sightings import Sightings
from troubleshooter_operator.store import Change, Key, key_of, replay_key
from troubleshooter_operator.stores import Stores, claim_key, replays_key, volume_key
from troubleshooter_operator.toolbox import toolbox
from troubleshooter_operator.workqueue import WorkQueue


class Handlers:
    def __init__(
        self,
        queue: WorkQueue[Key],
        stores: Stores,
        graveyard: Graveyard,
        scraper: Scraper,
        sightings: Sightings,
    ) -> None:
        self._queue = queue
        self._stores = stores
        self._graveyard = graveyard
        self._scraper = scraper
        self._sightings = sightings

    def of(self, kind: Kind) -> Callable[[Change], None]:
        return {
            kinds.TROUBLESHOOTER: self._resource,
            kinds.REPLAY: self._replay,
            kinds.CLASS: self._class,
            kinds.POD: self._pod,
            kinds.CLAIM: self._claim,
            kinds.VOLUME: self._volume,
        }[replace(kind, within="")]

    def look_at_all(self) -> None:
        for found in self._stores.troubleshooters.all():
            self._queue.add(key_of(found))
        for found in self._stores.replays.all():
            self._queue.add(replay_key(*key_of(found)))

    def _resource(self, change: Change) -> None:
        self._add(change, key_of)

    def _replay(self, change: Change) -> None:
        self._add(change, lambda found: replay_key(*key_of(found)))

    def _class(self, _: Change) -> None:
        """A class may be the one that any of them waits for."""
        self.look_at_all()

    def _pod(self, change: Change) -> None:
        if change.new is None and change.old is not None:
            self._graveyard.bury(change.old, witnessed=change.witnessed)
        self._scraper.follow(change)
        self._sightings.follow(change)
        self._add(change, owner_key)
        if change.new is not None and _is_to_start(change.new):
            self._look_at_readers(change.new)

    def _claim(self, change: Change) -> None:
        self._add(change, claim_key)
        found = change.new or change.old
        for waiting in self._replays(key_of(found)[0]) if found is not None else ():
            if not _of_status(waiting, "startedAt"):
                self._queue.add(replay_key(*key_of(waiting)))

    def _look_at_readers(self, pod: Json) -> None:
        """They may have to make way for it."""
        written = written_claims(pod)
        for reader in self._replays(key_of(pod)[0]) if written else ():
            if _of_status(reader, "claimName") in written and not _of_status(reader, "endedAt"):
                self._queue.add(replay_key(*key_of(reader)))

    def _replays(self, namespace: str) -> list[Json]:
        return self._stores.replays.group(replays_key(namespace))

    def _volume(self, change: Change) -> None:
        self._add(change, volume_key)

    def _add(self, change: Change, whose: Callable[[Json], Key | None]) -> None:
        for thing in (change.old, change.new):
            key = whose(thing) if thing is not None else None
            if key is not None:
                self._queue.add(key)


def _of_status(found: Json, name: str) -> str:
    return (found.get("status") or {}).get(name) or ""


def _is_to_start(pod: Json) -> bool:
    """Whether its node is known, and its container has not started."""
    return not is_replay_pod(pod) and toolbox(pod).has_node and toolbox(pod).started_at is None
