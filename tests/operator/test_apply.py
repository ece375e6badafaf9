"""Single actions against the fake API server: what is done counts as done; old pictures do no harm."""

from dataclasses import replace

import pytest
from api_server import FakeApi
from resource_objects import OWNER, claim, pod, troubleshooter

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.actions import Announce, CreateClaim, CreatePod, DeletePod, PatchPod
from troubleshooter_operator.apply import Applier
from troubleshooter_operator.errors import ConflictError, RefusedError
from troubleshooter_operator.graveyard import Graveyard
from troubleshooter_operator.stores import Stores


@pytest.fixture
def create(api: FakeApi) -> CreatePod:
    """A pod for a Troubleshooter as it is now."""
    version = api.put("troubleshooters", troubleshooter())["metadata"]["resourceVersion"]
    return CreatePod(pod(), OWNER, "web", version)


def test_a_pod_is_made_and_known_before_any_watch_tells(
    applier: Applier, stores: Stores, create: CreatePod
) -> None:
    assert applier.apply(create) == "pod created"
    assert stores.pods.get("default", "web") is not None


def test_a_pod_of_ours_that_is_there_is_the_pod(applier: Applier, stores: Stores, create: CreatePod) -> None:
    applier.apply(create)
    assert applier.apply(create) is None
    assert stores.pods.get("default", "web") is not None


def test_no_pod_is_made_on_an_old_picture(api: FakeApi, applier: Applier, create: CreatePod) -> None:
    """The run may have ended since; a second pod would start it again."""
    with pytest.raises(ConflictError):
        applier.apply(replace(create, owner_version="1"))
    with pytest.raises(ConflictError):
        applier.apply(replace(create, owner_uid="its predecessor"))
    assert api.count("POST") == 0


def test_a_pod_of_ours_that_is_going_is_waited_for(api: FakeApi, applier: Applier, create: CreatePod) -> None:
    api.put("pods", pod(deletionTimestamp="2026-11-22T18:40:00Z"))
    with pytest.raises(RefusedError) as refused:
        applier.apply(create)
    assert refused.value.reason == "Provisioning"


def test_a_claim_with_our_label_that_is_there_is_the_claim(
    api: FakeApi, applier: Applier, stores: Stores
) -> None:
    api.put("persistentvolumeclaims", claim())
    assert applier.apply(CreateClaim(claim())) is None
    assert stores.claims.get("default", "web-recordings") is not None


def test_another_pod_of_that_name_is_neither_patched_nor_deleted(api: FakeApi, applier: Applier) -> None:
    """Each names the uid that it means."""
    theirs = api.put("pods", pod(uid="theirs"))
    with pytest.raises(ConflictError):
        applier.apply(PatchPod("default", "web", "ours", {"troubleshooter.sh/end": "Stopped"}, {}))
    with pytest.raises(ConflictError):
        applier.apply(DeletePod("default", "web", "ours"))
    with pytest.raises(ConflictError):
        applier.apply(DeletePod("default", "web", "theirs", version="1"))
    assert api.find("pods", "web") == theirs


def test_a_pod_that_is_going_is_known_to_be_before_any_watch_tells(
    api: FakeApi, applier: Applier, stores: Stores
) -> None:
    """Else the next look would delete it, and say so, once more."""
    running = api.put("pods", pod({"phase": "Running"}))
    stores.pods.remember(running)
    assert applier.apply(DeletePod("default", "web", running["metadata"]["uid"])) == "pod deleted"
    known = stores.pods.get("default", "web")
    assert known is not None
    assert known["metadata"]["deletionTimestamp"] == "2026-11-22T18:50:00Z"


def test_what_is_gone_already_needs_no_deletion(applier: Applier) -> None:
    assert applier.apply(DeletePod("default", "web", "ours")) is None


def test_what_is_said_to_be_gone_but_is_in_the_cache_is_looked_at_again(
    applier: Applier, stores: Stores
) -> None:
    """The deletion may not have been told yet, or the answer was wrong; nothing would ask again."""
    stores.pods.remember(pod(uid="ours"))
    with pytest.raises(ConflictError):
        applier.apply(DeletePod("default", "web", "ours"))
    with pytest.raises(ConflictError):
        applier.apply(PatchPod("default", "web", "ours", {"troubleshooter.sh/end": "Stopped"}, {}))


def test_an_end_is_announced_once(api: FakeApi, applier: Applier) -> None:
    end = Announce("default", "web", OWNER, 1, EndReason.EVICTED, "low on memory", "2026-11-22T18:59:00Z", 0)
    assert applier.apply(end) == "run ended: Evicted"
    assert applier.apply(end) is None
    (event,) = [thing for (kind, _, _), thing in api.objects.items() if kind == "events"]
    assert (event["type"], event["reason"], event["message"]) == (
        "Warning",
        "Evicted",
        "Run 1 ended: low on memory",
    )
    assert event["involvedObject"]["uid"] == OWNER


def test_an_event_that_is_refused_holds_nothing_up(api: FakeApi, applier: Applier) -> None:
    api.fail("POST .*/events", 403, "the namespace is being terminated", times=1)
    end = Announce("default", "web", OWNER, 1, EndReason.STOPPED, "why", "2026-11-22T18:59:00Z", 0)
    assert applier.apply(end) is None


def test_a_grave_is_kept_until_it_is_settled_and_no_longer() -> None:
    """One that comes while another is looked at stays."""
    graveyard, key = Graveyard(), ("default", "web")
    graveyard.bury(pod(), witnessed=True)
    looked_at = graveyard.at(key)
    graveyard.bury(pod(uid="later"), witnessed=False)
    graveyard.forget(key, looked_at)
    assert [grave.pod["metadata"]["uid"] for grave in graveyard.at(key)] == ["later"]
    graveyard.forget(key, graveyard.at(key))
    assert graveyard.at(key) == []
