"""Which Replays are looked at when a claim, a toolbox or a class changes: those to which it may matter."""

from typing import Any

import pytest
from resource_objects import claim, pod, replay, replay_status, running

from troubleshooter_operator import kinds
from troubleshooter_operator.graveyard import Graveyard
from troubleshooter_operator.handlers import Handlers
from troubleshooter_operator.scrape import Reports, Scraper
from troubleshooter_operator.sightings import Sightings
from troubleshooter_operator.store import Change, Key
from troubleshooter_operator.stores import Stores
from troubleshooter_operator.workqueue import WorkQueue

STATES: dict[str, Any] = {
    "waits": {},
    "reads": replay_status(),
    "reads-other": replay_status(claimName="other"),
    "ended": replay_status(endedAt="2026-11-22T18:59:00Z"),
}


def looked_at(kind: kinds.Kind, change: Change) -> set[str]:
    """The names of the Replays that wait to be looked at then."""
    stores, queue = Stores(), WorkQueue[Key]()
    for number, (name, status) in enumerate(STATES.items()):
        stores.store(kinds.REPLAY).put(replay(status=status, name=name, resourceVersion=str(number + 1)))
    elsewhere = replay(name="elsewhere", namespace="team-b", resourceVersion="9")
    stores.store(kinds.REPLAY).put(elsewhere)
    scraper = Scraper(Reports(), queue.add, lambda _: None)
    Handlers(queue, stores, Graveyard(), scraper, Sightings(lambda: 0.0)).of(kind)(change)
    found = set()
    while len(queue):
        key = queue.get()
        assert key is not None
        found.add(key[1])
    return {name.removeprefix("replay/") for name in found if name.startswith("replay/")}


def toolbox(state: Any = None, node: str = "node1") -> Any:
    found = pod(state)
    mount = {"name": "recordings", "persistentVolumeClaim": {"claimName": "web-recordings"}}
    return found | {"spec": found["spec"] | {"nodeName": node, "volumes": [mount]}}


def test_a_claim_may_be_the_one_that_those_who_wait_wait_for() -> None:
    assert looked_at(kinds.CLAIM, Change(None, claim())) == {"waits"}


def test_those_who_read_its_claim_may_have_to_make_way_for_a_toolbox() -> None:
    assert looked_at(kinds.POD, Change(None, toolbox())) == {"reads"}


@pytest.mark.parametrize(
    "neighbour", [toolbox(running()), toolbox(node=""), pod()], ids=["it runs", "no node", "no claim"]
)
def test_no_other_change_of_a_toolbox_matters(neighbour: Any) -> None:
    assert looked_at(kinds.POD, Change(None, neighbour)) == set()


def test_a_class_may_be_the_one_that_any_of_them_waits_for() -> None:
    assert looked_at(kinds.CLASS, Change(None, claim())) == {*STATES, "elsewhere"}
