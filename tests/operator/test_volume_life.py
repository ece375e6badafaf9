"""Who may write on a claim, one after another, and who keeps its volume: what is planned and what is told."""

from typing import Any

import pytest
from api_server import FakeApi
from resource_objects import (
    NOW,
    OWNER,
    claim,
    condition,
    finished,
    offer,
    pod,
    run_status,
    troubleshooter,
    volume,
)
from resource_objects import running as running_status

from troubleshooter_agent.contract import Retained
from troubleshooter_operator.actions import CreateClaim, CreatePod, PatchPod, PatchVolume
from troubleshooter_operator.apply import Applier
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.occupancy import occupants
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.volume import retain_patch, retention
from troubleshooter_operator.world import Plan, World

CLASSES = (offer(),)
SHARED: Any = {"saveToDisk": {"enabled": True, "claimName": "shared"}}
OTHER = "44444444-0000-0000-0000-000000000004"


def pod_on(name: str, *, uid: str = OTHER, mounted: str = "shared", **more: Any) -> dict[str, Any]:
    """A pod of another Troubleshooter on a claim."""
    made = pod(
        running_status(),
        name=name,
        labels={"troubleshooter.sh/name": name},
        ownerReferences=[{"kind": "Troubleshooter", "name": name, "uid": uid, "controller": True}],
    )
    volumes = [{"name": "recordings", "persistentVolumeClaim": {"claimName": mounted}}]
    return made | {"spec": made["spec"] | {"volumes": volumes}} | more


def shared(**more: Any) -> dict[str, Any]:
    return claim(name="shared", **more)


def look(world: World, spec: Any = SHARED, status: Any = None) -> Plan:
    return plan(parse(troubleshooter(spec, status)), world, NOW)


def test_a_claim_in_use_is_waited_for_and_the_other_toolbox_named() -> None:
    planned = look(World(CLASSES, claim=shared(), occupants=(pod_on("db"),)))
    assert (planned.before, planned.after, planned.look_again) == ((), (), NOW + 10)
    assert planned.ready.reason == "VolumePending"
    assert planned.ready.message == (
        "Claim shared is in use by Troubleshooter db (pod db) and is for one at a time; this one starts when "
        "that has ended, or name another claim in saveToDisk.claimName"
    )


@pytest.mark.parametrize(
    ("found", "modes", "holds"),
    [
        pytest.param(pod_on("db"), ["ReadWriteOnce"], True, id="another's"),
        pytest.param(pod_on("web", uid=OWNER), ["ReadWriteOnce"], False, id="our own"),
        pytest.param(pod_on("db", mounted="theirs"), ["ReadWriteOnce"], False, id="on another claim"),
        pytest.param(pod_on("db", status=finished()), ["ReadWriteOnce"], False, id="over"),
        pytest.param(pod_on("db"), ["ReadWriteMany"], False, id="for several at a time"),
        pytest.param(pod_on("db"), ["ReadWriteOncePod"], True, id="for one pod"),
    ],
)
def test_who_holds_a_claim(found: Any, modes: list[str], *, holds: bool) -> None:
    asked = shared()
    asked["spec"]["accessModes"] = modes
    assert bool(occupants(asked, [found], OWNER)) is holds


def test_a_pod_of_another_namespace_holds_nothing() -> None:
    elsewhere = pod_on("db")
    elsewhere["metadata"]["namespace"] = "other"
    assert occupants(shared(), [elsewhere], OWNER) == ()


@pytest.mark.parametrize(
    ("theirs", "ours", "made"),
    [
        ("alice", "alice", True),
        ("alice", "bob", False),
        ("unverified", "bob", True),
        ("alice", "unverified", True),
    ],
)
def test_only_the_same_requester_writes_on_a_claim(theirs: str, ours: str, *, made: bool) -> None:
    """As far as both names are verified."""
    marked = shared(annotations={"troubleshooter.sh/requested-by": theirs})
    planned = look(World(CLASSES, claim=marked, requested_by=ours))
    assert [type(action) for action in planned.before] == ([CreatePod] if made else [])
    if not made:
        assert planned.ready.reason == "ClaimNotOurs"
        assert planned.ready.message == (
            "Claim shared holds recordings of alice, and only toolboxes of the same requester may write on "
            "it, not one of bob; name another in saveToDisk.claimName"
        )


@pytest.mark.parametrize(
    ("marks", "how"),
    [
        (
            {},
            "it was given the reclaim policy Retain by its StorageClass, or by hand",
        ),
        (
            {"troubleshooter.sh/retained-by": "operator"},
            "the operator has set its reclaim policy to Retain",
        ),
        (
            {"troubleshooter.sh/retained-by": "policy"},
            "an admission policy gave it the reclaim policy Retain when it was made",
        ),
        (
            {"troubleshooter.sh/retained-by": "somebody"},
            "it was given the reclaim policy Retain by its StorageClass, or by hand",
        ),
    ],
)
def test_it_is_told_who_keeps_a_volume(marks: Any, how: str) -> None:
    found = retention(claim(), volume(annotations=marks), {}).condition
    assert (found.status, found.reason) == (True, "Retained")
    assert found.message == f"Volume pv-1 is kept when its claim is deleted: {how}"


def test_the_operator_says_so_on_a_volume_that_it_keeps_and_on_no_other() -> None:
    assert retain_patch(volume(policy="Delete"), {}) == {
        "metadata": {"annotations": {"troubleshooter.sh/retained-by": "operator"}, "resourceVersion": "80"},
        "spec": {"persistentVolumeReclaimPolicy": "Retain"},
    }
    assert retain_patch(volume(), {}) is None


NOT_PERMITTED = condition("RecordingsRetained", "False", "NotPermitted", "not by you")


def refused(*, required: bool) -> Plan:
    """A running toolbox whose volume the operator was not allowed to keep."""
    status = run_status(conditions=[NOT_PERMITTED])
    status["resolved"]["requireRetain"] = required
    world = World(CLASSES, pod=pod(running_status()), claim=claim(), volume=volume(policy="Delete"))
    return look(world, {}, status)


def test_where_the_class_does_not_insist_the_toolbox_is_told_that_the_volume_may_go() -> None:
    planned = refused(required=False)
    told = [action for action in planned.before if isinstance(action, PatchPod)]
    assert told[0].annotations["troubleshooter.sh/recordings-retained"] == Retained.NOT_PERMITTED
    assert planned.run is not None
    assert planned.run.retained is not None
    assert planned.run.retained.message == "not by you"


def test_where_the_class_insists_no_shell_is_opened() -> None:
    planned = refused(required=True)
    told = [action for action in planned.before if isinstance(action, PatchPod)]
    assert not [action for action in told if "troubleshooter.sh/recordings-retained" in action.annotations]
    assert planned.ready.message == "No shell is opened before the volume is kept: not by you"


@pytest.mark.parametrize("required", [True, False])
def test_keeping_the_volume_is_tried_again(required: bool) -> None:  # noqa: FBT001 - a parameter
    assert [action for action in refused(required=required).before if isinstance(action, PatchVolume)]


def test_a_volume_that_is_kept_after_all_is_told() -> None:
    status = run_status(conditions=[NOT_PERMITTED])
    world = World(CLASSES, pod=pod(running_status()), claim=claim(), volume=volume())
    planned = look(world, {}, status)
    assert planned.run is not None
    assert planned.run.retained is not None
    assert planned.run.retained.status


def test_of_two_toolboxes_on_a_new_claim_one_is_made(api: FakeApi, applier: Applier) -> None:
    """Both were planned before either had its pod."""
    for name, uid in (("db", OTHER), ("web", OWNER)):
        api.put("troubleshooters", troubleshooter(name=name, uid=uid))
    versions = {name: api.find("troubleshooters", name) or {} for name in ("db", "web")}
    first, second = (
        CreatePod(pod_on(name, uid=uid), uid, name, versions[name]["metadata"]["resourceVersion"])
        for name, uid in (("db", OTHER), ("web", OWNER))
    )
    applier.apply(CreateClaim(shared()))
    assert applier.apply(first) == "pod created"
    with pytest.raises(RefusedError) as refusal:
        applier.apply(second)
    assert refusal.value.reason == "VolumePending"
    assert api.count("POST .*/pods") == 1
