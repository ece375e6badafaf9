"""deploy/policies: a claim of recordings tells whose they are, and only a toolbox writes on it.

None of this takes a mutating policy. reader may make pods and read recordings, maker may only make pods.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubectl import Kubectl
from operator_process import as_operator
from policed import (
    DRY,
    TEAM,
    Scene,
    claim,
    create,
    give,
    patch,
    pod,
    policed_plane,
    wait_until_refused,
    wait_until_taken,
)

MARK = {"troubleshooter.sh/recordings": "true"}
OPERATORS = {"app.kubernetes.io/managed-by": "troubleshooter-operator"}
WHOSE = {"troubleshooter.sh/requested-by": "alice"}
CLAIM = "box-recordings"
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "uid": "0"}
STAY = (
    "labels, annotations, finalizers and volume of a claim of recordings stay as they are; delete the claim "
    "if it is not wanted (its volume stays)"
)
OWNERLESS = "a claim of recordings has no owner, since it would be deleted with it; leave ownerReferences out"
FORGED = (
    "whose recordings a claim holds is written on it by the operator alone; leave out all labels and "
    "annotations of troubleshooter.sh but the label troubleshooter.sh/recordings"
)
READ_ONLY = (
    "only a toolbox writes on claim box-recordings, which holds recordings; mount it with "
    "persistentVolumeClaim.readOnly true"
)
NO_READER = (
    "you may not read the recordings on claim box-recordings; ask an administrator for the verb get on "
    "troubleshooters/recordings"
)
WAIT_SECONDS = 30.0
CHANGES = {
    "label added": [{"op": "add", "path": "/metadata/labels/seen", "value": "yes"}],
    "our label removed": [{"op": "remove", "path": "/metadata/labels/troubleshooter.sh~1recordings"}],
    "annotation changed": [
        {"op": "replace", "path": "/metadata/annotations/troubleshooter.sh~1requested-by", "value": "bob"}
    ],
    "annotation removed": [{"op": "remove", "path": "/metadata/annotations/troubleshooter.sh~1requested-by"}],
    "finalizers removed": [{"op": "remove", "path": "/metadata/finalizers"}],
    "volume": [{"op": "add", "path": "/spec/volumeName", "value": "another"}],
    "owner": [{"op": "add", "path": "/metadata/ownerReferences", "value": [OWNER]}],
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """In it are a claim of recordings, made by the operator, and bob's own claim `app`."""
    with policed_plane(tmp_path_factory.mktemp("plane")) as plane:
        pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}
        reading = {"apiGroups": ["troubleshooter.sh"], "resources": ["troubleshooters/recordings"]}
        give(plane, "maker", pods)
        give(plane, "reader", pods, reading | {"verbs": ["get"]})
        made = Scene(plane, as_operator(plane, tmp_path_factory.mktemp("operator")).in_namespace(TEAM))
        assert create(made.operator, recordings(CLAIM)).stderr == ""
        assert create(made.person("bob"), claim("app", labels={"a": "b"}, annotations=WHOSE)).stderr == ""
        assert create(made.person("bob"), pod("early", {"later": False})).stderr == ""
        wait_until_refused(
            lambda: create(made.person("bob"), claim("tried", labels=MARK, annotations=WHOSE), DRY),
            lambda: create(made.person("maker"), pod("tried", {CLAIM: False}), DRY),
            lambda: create(made.operator, recordings("later"), DRY),
        )
        yield made


def recordings(name: str) -> dict[str, Any]:
    """A claim as the operator makes it."""
    return claim(name, labels=MARK | OPERATORS | {"troubleshooter.sh/name": "box"}, annotations=WHOSE)


def change(who: Kubectl, name: str, changes: Any) -> Any:
    return who.attempt("patch", "pvc", name, "--type=json", f"--patch={json.dumps(changes)}", DRY)


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("who", ["alice", "carol"])
def test_nobody_of_the_namespace_changes_a_claim_of_recordings(scene: Scene, who: str, what: str) -> None:
    """Neither who asked for it nor the namespace's administrator."""
    said = change(scene.person(who), CLAIM, CHANGES[what]).stderr
    assert (OWNERLESS if what == "owner" else STAY) in said


@pytest.mark.parametrize("what", [what for what in CHANGES if what != "our label removed"])
def test_other_claims_are_their_editors(scene: Scene, what: str) -> None:
    assert change(scene.person("alice"), "app", CHANGES[what]).stderr == ""


@pytest.mark.parametrize("what", CHANGES)
def test_operator_and_cluster_change_it_but_give_it_no_owner(scene: Scene, what: str) -> None:
    """What binds and resizes volumes may write claims in every namespace, as administrators may."""
    assert change(scene.operator, CLAIM, CHANGES[what]).stderr == ""
    said = change(scene.admin, CLAIM, CHANGES[what]).stderr
    assert said == "" if what != "owner" else OWNERLESS in said


def test_the_binder_of_volumes_does_its_work(scene: Scene) -> None:
    """The real one: it writes annotations, the volume's name, and a finalizer of its own."""
    assert create(scene.operator, recordings("bound")).stderr == ""
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": "/nowhere/bound"},
        "storageClassName": "by-hand",
        "claimRef": {"namespace": TEAM, "name": "bound"},
    }
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "bound"}, "spec": spec}
    scene.plane.admin.apply(volume)
    found = scene.admin.wait_for(
        "pvc", "bound", lambda it: it["status"].get("phase") == "Bound", timeout=WAIT_SECONDS
    )
    assert found["metadata"]["annotations"]["pv.kubernetes.io/bind-completed"] == "yes"


def test_a_claim_may_be_offered_but_not_signed(scene: Scene) -> None:
    """By one's own hand: made with the label, or given it later."""
    bob = scene.person("bob")
    assert create(bob, claim("offered", labels=MARK)).stderr == ""
    for labels, notes in (
        (MARK, WHOSE),
        (MARK, {"troubleshooter.sh/ended-at": "unknown"}),
        (MARK | {"troubleshooter.sh/name": "box"}, {}),
    ):
        assert FORGED in create(bob, claim("signed", labels=labels, annotations=notes), DRY).stderr
        assert create(scene.admin, claim("signed", labels=labels, annotations=notes), DRY).stderr == ""
    assert FORGED in change(bob, "app", [{"op": "add", "path": "/metadata/labels", "value": MARK}]).stderr
    assert create(bob, claim("plain")).stderr == ""
    assert patch(bob, "pvc", "plain", {"metadata": {"labels": MARK}}).stderr == ""
    assert (
        STAY
        in patch(bob, "pvc", "plain", {"metadata": {"labels": {"troubleshooter.sh/recordings": None}}}).stderr
    )


def test_who_offers_a_claim_gives_it_no_owner(scene: Scene) -> None:
    """As a pod with an ephemeral volume has it made, or a StatefulSet that deletes what it scales down."""
    for who in (scene.person("bob"), scene.admin):
        assert OWNERLESS in create(who, claim("owned", labels=MARK, ownerReferences=[OWNER]), DRY).stderr


def test_a_larger_one_may_be_asked_for(scene: Scene) -> None:
    """Before the volume is full; whether there may be larger ones, the StorageClass and the quota say."""
    bigger = [{"op": "replace", "path": "/spec/resources/requests/storage", "value": "2Gi"}]
    said = change(scene.person("alice"), CLAIM, bigger).stderr
    assert "denied request" not in said
    assert "immutable after creation except resources.requests" in said, "Kubernetes itself wants it bound"


def test_who_may_read_recordings_mounts_them_read_only(scene: Scene) -> None:
    """In a pod of one's own; writing is for the toolbox alone."""
    reader, maker = scene.person("reader"), scene.person("maker")
    assert create(reader, pod("reading", {CLAIM: True}), DRY).stderr == ""
    assert NO_READER in create(maker, pod("reading", {CLAIM: True}), DRY).stderr
    for who in (reader, maker, scene.person("carol"), scene.admin):
        assert READ_ONLY in create(who, pod("writing", {CLAIM: False}), DRY).stderr
    for who in (reader, maker):
        assert create(who, pod("other", {"app": False}), DRY).stderr == ""
    mixed = pod("mixed", {CLAIM: True})
    mixed["spec"]["volumes"].append({"name": "again", "persistentVolumeClaim": {"claimName": CLAIM}})
    assert READ_ONLY in create(reader, mixed, DRY).stderr


def test_the_toolbox_writes(scene: Scene) -> None:
    labels = OPERATORS | {"troubleshooter.sh/name": "box"}
    assert create(scene.operator, pod("box", {CLAIM: False}, labels=labels), DRY).stderr == ""


def test_a_service_account_reads_for_whom_it_was_given_the_right(scene: Scene) -> None:
    """So a CronJob of an archive may: its pods are made by a controller, which has no right of its own."""
    scene.admin.run("create", "serviceaccount", "archive")
    reading = {"apiGroups": ["troubleshooter.sh"], "resources": ["troubleshooters/recordings"]}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "archive"}}
    scene.admin.apply(role | {"rules": [reading | {"resourceNames": ["box"], "verbs": ["get"]}]})
    scene.admin.run("create", "rolebinding", "archive", "--role=archive", f"--serviceaccount={TEAM}:archive")
    copying = pod("copying", {CLAIM: True})
    assert NO_READER in create(scene.person("maker"), copying, DRY).stderr
    copying["spec"]["serviceAccountName"] = "archive"
    wait_until_taken(lambda: create(scene.person("maker"), copying, DRY))
    copying["spec"]["volumes"][0]["persistentVolumeClaim"]["readOnly"] = False
    assert READ_ONLY in create(scene.person("maker"), copying, DRY).stderr


def test_no_claim_is_made_under_a_pod_that_waits_to_write_on_it(scene: Scene) -> None:
    """Nor offered: whoever wrote on it would go on."""
    waiting = (
        "pod early mounts claim later for writing, so it cannot hold recordings; delete that pod, or use "
        "another saveToDisk.claimName"
    )
    bob = scene.person("bob")
    assert waiting in create(scene.operator, recordings("later"), DRY).stderr
    assert waiting in create(scene.admin, claim("later", labels=MARK), DRY).stderr
    assert create(bob, claim("later")).stderr == ""
    assert waiting in patch(bob, "pvc", "later", {"metadata": {"labels": MARK}}).stderr
    bob.run("delete", "pod", "early", "--force", "--grace-period=0")
    scene.admin.wait_gone("pod", "early", timeout=WAIT_SECONDS)
    wait_until_taken(lambda: patch(bob, "pvc", "later", {"metadata": {"labels": MARK}}))


def test_who_may_delete_claims_deletes_it(scene: Scene) -> None:
    """The volume stays, since the operator, or whoever else, has seen to Retain."""
    assert create(scene.operator, recordings("unwanted")).stderr == ""
    scene.person("bob").run("delete", "pvc", "unwanted")
    assert scene.admin.get("pvc", "unwanted") is None
