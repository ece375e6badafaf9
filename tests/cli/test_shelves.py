"""Which claims hold recordings, whose they are, and which pod reads each now."""

from typing import Any

from troubleshooter_cli.kubectl import Pod
from troubleshooter_cli.shelves import Shelf, World

Json = dict[str, Any]


def toolbox(name: str, *, claim: str = "", ready: bool = True, started: str = "", **status: Any) -> Json:
    conditions = [
        {"type": "Ready", "status": str(ready)},
        {"type": "Ended", "status": str(not ready)},
    ]
    recordings = {
        "claimName": claim or f"{name}-recordings",
        "persistentVolumeName": f"pv-{name}",
        "chain": "c" * 64,
    }
    told = {"conditions": conditions, "podName": name, "startedAt": started, "recordings": recordings}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": {}, "status": told | status}


def claim(called: str, /, **marks: str) -> Json:
    annotations = {f"troubleshooter.sh/{key.replace('_', '-')}": value for key, value in marks.items()}
    metadata = {
        "name": called,
        "namespace": "shop",
        "annotations": annotations,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"metadata": metadata, "spec": {"volumeName": f"pv-of-{called}"}, "status": {"phase": "Bound"}}


def replay(name: str, *, of: str, ready: bool, ended: bool = False, **spec: str) -> Json:
    conditions = [{"type": "Ready", "status": str(ready)}, {"type": "Ended", "status": str(ended)}]
    status = {"conditions": conditions, "podName": name, "claimName": of}
    return {"metadata": {"name": name, "namespace": "shop"}, "spec": spec, "status": status}


def test_a_claim_tells_whose_its_recordings_are_when_nothing_else_does() -> None:
    told = claim(
        "web-recordings", namespace="shop", name="web", started_at="2026-11-22T18:40:03Z", chain="a" * 64
    )
    assert World(claims=[told]).shelves == [
        Shelf(
            "shop",
            "web-recordings",
            (("shop", "web"),),
            "pv-of-web-recordings",
            "2026-11-22T18:40:03Z",
            "a" * 64,
        )
    ]


def test_a_claim_that_nobody_marked_yet_is_a_shelf_too() -> None:
    (shelf,) = World(claims=[claim("mine")]).shelves
    assert (shelf.claim, shelf.owners, shelf.since) == ("mine", (), "2026-01-01T00:00:00Z")


def test_toolbox_and_claim_are_one_shelf() -> None:
    world = World(
        [toolbox("web", started="2026-11-22T18:40:03Z")], claims=[claim("web-recordings", name="web")]
    )
    (shelf,) = world.shelves
    assert shelf.is_there
    assert shelf.owners == (("shop", "web"),)
    assert shelf.since == "2026-11-22T18:40:03Z"


def test_several_toolboxes_on_one_claim_are_one_shelf_the_latest_first() -> None:
    old = toolbox("old", claim="team", started="2026-11-20T00:00:00Z", ready=False)
    new = toolbox("new", claim="team", started="2026-11-22T00:00:00Z")
    (shelf,) = World([old, new]).shelves
    assert shelf.owners == (("shop", "new"), ("shop", "old"))
    assert World([old, new]).of_name("old") == [shelf]


def test_the_latest_used_shelf_is_first() -> None:
    world = World(
        [toolbox("a", started="2026-11-20T00:00:00Z"), toolbox("b", started="2026-11-22T00:00:00Z")]
    )
    assert [shelf.claim for shelf in world.shelves] == ["b-recordings", "a-recordings"]


def test_a_toolbox_that_keeps_nothing_is_no_shelf() -> None:
    unsaved = toolbox("web")
    del unsaved["status"]["recordings"]
    assert World([unsaved, {"metadata": {"name": "new", "namespace": "shop"}}]).shelves == []


def test_a_chain_counts_once_its_run_has_ended() -> None:
    """While it runs the status is behind the volume."""
    assert World([toolbox("web")]).shelves[0].chain == ""
    assert World([toolbox("web", ready=False)]).shelves[0].chain == "c" * 64


def test_a_running_toolbox_reads_before_a_replay() -> None:
    running = toolbox("web")
    beside = replay("replay-web", of="web-recordings", ready=True)
    world = World([running], [beside])
    assert world.reader(world.shelves[0]) == Pod("shop", "web")


def test_a_replay_reads_for_a_toolbox_that_has_ended() -> None:
    world = World([toolbox("web", ready=False)], [replay("replay-web", of="web-recordings", ready=True)])
    assert world.reader(world.shelves[0]) == Pod("shop", "replay-web")


def test_the_pod_of_a_temporary_namespace_is_there() -> None:
    world = World([toolbox("web", podNamespace="incident-response-1")])
    (shelf,) = world.shelves
    assert shelf.key == ("incident-response-1", "web-recordings")
    assert shelf.owners == (("shop", "web"),)
    assert world.reader(shelf) == Pod("incident-response-1", "web")


def test_a_replay_that_is_being_made_is_waited_for() -> None:
    (shelf,) = World([toolbox("web", ready=False)]).shelves
    by_claim = replay("one", of="", ready=False, claimName="web-recordings")
    by_name = replay("two", of="", ready=False, troubleshooterName="web")
    other = replay("three", of="", ready=False, claimName="db-recordings")
    over = replay("four", of="", ready=False, ended=True, claimName="web-recordings")
    for made in (by_claim, by_name):
        assert World(replays=[other, over, made]).coming(shelf) is made
    assert World(replays=[other, over]).coming(shelf) is None


def test_a_status_tells_its_sessions() -> None:
    session = {"id": "3f9k2m1x", "user": "alice", "startedAt": "2026-11-22T18:40:03Z", "endedAt": None}
    running = toolbox("web", sessions=[session, {"id": "no id"}], requestedBy="alice")
    world = World([running])
    ((shelf, found),) = world.recordings()
    assert shelf == world.shelves[0]
    assert (found.id, found.name, found.is_running, found.verified) == ("3f9k2m1x", "web", True, True)
