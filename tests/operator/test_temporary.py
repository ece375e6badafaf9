"""The rules of temporary namespaces: when there is none, whose things are in one, and when it may go."""

from typing import Any

import pytest
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

from troubleshooter_operator.actions import DeletePod, PatchVolume, PrepareNamespace, RemoveNamespace
from troubleshooter_operator.graveyard import owner_key
from troubleshooter_operator.kinds import owner_uid
from troubleshooter_operator.left_behind import LeftBehind, settle, unfinished_owners
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.stores import claim_key
from troubleshooter_operator.temporary import departure
from troubleshooter_operator.world import Plan, World

HERE = f"incident-response-{OWNER}"
CLASSES = (offer({"allow": {"temporaryNamespace": True, "ssh": True, "serviceAccount": True}}),)
ENDED = condition("Ended", "True", "Stopped", "as asked")
KEPT = condition("RecordingsRetained", "True", "Retained", "kept")
LOOSE = condition("RecordingsRetained", "False", "NotPermitted", "not by you")
NOT_THERE = (
    "serviceAccountName and ssh name things of namespace default, which a temporary namespace does not have; "
    "leave them out, or temporaryNamespace"
)
TOLD = {"troubleshooter.sh/ended-at": "2026-11-22T18:59:00Z"}


def look(world: World, spec: Any = None, status: Any = None) -> Plan:
    return plan(parse(troubleshooter({"temporaryNamespace": True} | (spec or {}), status)), world, NOW)


def lodger(status: Any = None, *, namespace: str = HERE, **marks: str) -> dict[str, Any]:
    """A pod without owner references, as it is in a temporary namespace."""
    return pod(
        status,
        {"troubleshooter.sh/namespace": "team"} | marks,
        namespace=namespace,
        ownerReferences=[],
    )


def test_it_is_made_before_anything_is_put_into_it() -> None:
    planned = look(World(CLASSES))
    first = planned.before[0]
    assert isinstance(first, PrepareNamespace)
    assert (first.manifest["metadata"]["name"], first.home) == (HERE, "default")
    assert [each["kind"] for each in first.furnishings] == [
        "ServiceAccount",
        "LimitRange",
        "NetworkPolicy",
        "RoleBinding",
        "ResourceQuota",
    ]


def test_the_operator_may_come_in_from_wherever_it_runs() -> None:
    first = look(World(CLASSES, operator_namespace="observability")).before[0]
    assert isinstance(first, PrepareNamespace)
    (traffic,) = [each for each in first.furnishings if each["kind"] == "NetworkPolicy"]
    assert traffic["spec"]["ingress"][0]["from"][0] == {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observability"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "troubleshooter-operator"}},
    }


@pytest.mark.parametrize(
    ("spec", "confined", "sentence"),
    [
        (
            {},
            True,
            "This operator works in some namespaces only and makes none; leave temporaryNamespace out",
        ),
        (
            {"serviceAccountName": "deployer"},
            False,
            NOT_THERE,
        ),
        (
            {"ssh": {"secretName": "keys"}},
            False,
            NOT_THERE,
        ),
    ],
)
def test_where_there_can_be_none_nothing_is_made(spec: Any, *, confined: bool, sentence: str) -> None:
    planned = look(World(CLASSES, confined=confined), spec)
    assert (planned.before, planned.ready.reason, planned.ready.message) == ((), "NotAllowed", sentence)


@pytest.mark.parametrize(
    ("requester", "people"),
    [("unverified", ["bob"]), ("alice", ["alice", "bob"]), ("bob", ["bob"])],
)
def test_those_may_come_in_who_may_open_the_shell(requester: str, people: list[str]) -> None:
    spec = {"access": {"users": ["bob"], "groups": []}}
    first = look(World(CLASSES, requested_by=requester), spec).before[0]
    assert isinstance(first, PrepareNamespace)
    binding = next(each for each in first.furnishings if each["kind"] == "RoleBinding")
    assert [subject["name"] for subject in binding["subjects"]] == people


@pytest.mark.parametrize(
    ("namespace", "uid", "owner", "key"),
    [
        pytest.param(HERE, OWNER, OWNER, ("team", "web"), id="in its own"),
        pytest.param("team", OWNER, "", ("team", "web"), id="elsewhere"),
        pytest.param("incident-response-x", OWNER, "", ("incident-response-x", "web"), id="in another's"),
        pytest.param("incident-response-", "", "", ("incident-response-", "web"), id="of nobody"),
    ],
)
def test_a_pod_is_believed_in_the_namespace_of_that_uid_alone(
    namespace: str, uid: str, owner: str, key: tuple[str, str]
) -> None:
    found = lodger(namespace=namespace, **{"troubleshooter.sh/owner-uid": uid})
    assert (owner_uid(found), owner_key(found)) == (owner, key)


@pytest.mark.parametrize(
    ("namespace", "key"),
    [(HERE, ("team", "web")), ("incident-response-x", ("incident-response-x", "web"))],
)
def test_a_claim_is_believed_likewise(namespace: str, key: tuple[str, str]) -> None:
    found = claim(
        annotations={"troubleshooter.sh/namespace": "team", "troubleshooter.sh/uid": OWNER},
        namespace=namespace,
    )
    assert claim_key(found) == key


def ended(retained: Any, **more: Any) -> dict[str, Any]:
    recordings = {"claimName": "web-recordings", "persistentVolumeName": "pv-1"}
    return run_status(conditions=[ENDED, retained], recordings=recordings, **more)


@pytest.mark.parametrize(
    ("status", "there", "goes"),
    [
        pytest.param(ended(KEPT), None, True, id="kept"),
        pytest.param(ended(LOOSE), None, False, id="not kept"),
        pytest.param(ended(KEPT), lodger(finished()), False, id="pod still there"),
    ],
)
def test_it_goes_once_what_was_recorded_is_kept(status: Any, there: Any, *, goes: bool) -> None:
    planned = look(World(CLASSES, pod=there), {"state": "Stopped"}, status)
    assert (RemoveNamespace(OWNER) in planned.after) is goes


def test_nothing_is_removed_of_one_that_has_no_namespace_of_its_own() -> None:
    planned = look(World(CLASSES), {"state": "Stopped", "temporaryNamespace": False}, ended(KEPT))
    assert RemoveNamespace(OWNER) not in planned.after


def test_the_pod_of_one_that_is_gone_is_deleted_since_no_garbage_collector_does() -> None:
    left = LeftBehind(claims=(), volumes=(), pods=(lodger(running_status()),), gone=())
    assert unfinished_owners(left, None) == {OWNER}
    assert settle(left, OWNER, NOW) == [DeletePod(HERE, "web", "22222222-0000-0000-0000-000000000002")]


def test_an_ordinary_pod_that_runs_is_left_to_the_garbage_collector() -> None:
    left = LeftBehind(claims=(), volumes=(), pods=(pod(running_status()),), gone=())
    assert unfinished_owners(left, None) == set()
    assert settle(left, OWNER, NOW) == []


@pytest.mark.parametrize(
    ("pods", "claims", "volumes", "kinds"),
    [
        pytest.param([], [claim(annotations=TOLD)], [volume()], [RemoveNamespace], id="all kept and told"),
        pytest.param([], [], [], [RemoveNamespace], id="empty"),
        pytest.param([lodger()], [claim(annotations=TOLD)], [volume()], [], id="a pod is there"),
        pytest.param([], [claim()], [volume()], [], id="an end is not told"),
        pytest.param(
            [], [claim(annotations=TOLD)], [volume(policy="Delete")], [PatchVolume], id="a volume is not kept"
        ),
    ],
)
def test_what_is_left_to_do_when_its_troubleshooter_is_gone(
    pods: Any, claims: Any, volumes: Any, kinds: list[type]
) -> None:
    assert [type(action) for action in departure(OWNER, pods, claims, volumes)] == kinds
