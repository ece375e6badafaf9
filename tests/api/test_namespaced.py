"""The operator in some namespaces only: lives with no right in the whole cluster but to read classes."""

import json
from collections.abc import Iterator
from pathlib import Path

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import Kubectl, wait_until
from operator_process import USER, as_operator, running_operator
from played_node import PlayedNode
from stage import replay, troubleshooter

OVERLAY = CHECKOUT / "deploy" / "namespaced"
OURS = ("team-a", "team-b")
REMEDY = (
    "an administrator can use a StorageClass with reclaimPolicy Retain, or let the operator read "
    "persistentvolumes"
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The overlay, rights in two namespaces of three, and the operator with just these rights."""
    folder = tmp_path_factory.mktemp("plane")
    with running_control_plane(folder) as running:
        install(running.admin)
        with running_operator(running, folder / "operator.log", [f"--watch-namespaces={','.join(OURS)}"]):
            yield running


def install(admin: Kubectl) -> None:
    crds.install(admin)
    admin.in_namespace("troubleshooter-system").run("apply", "-k", str(OVERLAY))
    for policy in ("Retain", "Delete"):
        admin.apply(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": policy.lower()},
                "provisioner": "example.org/provisioner",
                "reclaimPolicy": policy,
            }
        )
    for name in (*OURS, "team-c"):
        PlayedNode(admin.in_namespace(name)).prepare()
    for name in OURS:
        admin.in_namespace(name).run("apply", "-f", str(OVERLAY / "rights" / "binding.yaml"))


def node(plane: ControlPlane, namespace: str) -> PlayedNode:
    return PlayedNode(plane.admin.in_namespace(namespace))


def ask(there: PlayedNode, name: str, storage_class: str) -> None:
    there.admin.apply(troubleshooter(name, {"saveToDisk": {"storageClassName": storage_class}}))


def test_a_whole_life_on_a_storage_class_that_keeps_volumes(plane: ControlPlane) -> None:
    there = node(plane, "team-a")
    ask(there, "web", "retain")
    there.bind("web-recordings", storage_class="retain", policy="Retain")
    there.run("web")
    there.wait("web", "Ready", "ShellAvailable")
    assert there.wait("web", "RecordingsRetained", "Retained") == (
        "The volume is kept when its claim is deleted: StorageClass retain makes such volumes"
    )
    there.admin.run("patch", "troubleshooter", "web", "--type=merge", '--patch={"spec":{"state":"Stopped"}}')
    there.finish("web")
    there.wait("web", "Ended", "Stopped")
    there.admin.wait_gone("pod", "web", timeout=20)
    marks = there.admin.json("get", "pvc", "web-recordings")["metadata"]["annotations"]
    assert marks["troubleshooter.sh/ended-at"] == "2026-11-22T18:59:00Z"


def test_a_replay_reads_there_what_a_toolbox_recorded(plane: ControlPlane) -> None:
    there = node(plane, "team-a")
    ask(there, "kept", "retain")
    there.bind("kept-recordings", storage_class="retain", policy="Retain")
    there.run("kept")
    there.wait("kept", "Ready", "ShellAvailable")
    there.admin.apply(replay("look", {"troubleshooterName": "kept"}))
    there.run("look")
    there.admin.wait_condition("replay", "look", "Ready", timeout=20)
    assert there.admin.json("get", "replay", "look")["status"]["recordingsOf"] == "team-a/kept"


def test_without_a_kept_volume_no_shell_opens_and_the_reason_says_whom_to_ask(plane: ControlPlane) -> None:
    there = node(plane, "team-b")
    ask(there, "web", "delete")
    there.bind("web-recordings", storage_class="delete")
    there.run("web")
    assert there.wait("web", "RecordingsRetained", "NotPermitted") == (
        "The volume goes with its claim (reclaim policy Delete: StorageClass delete makes such volumes), and "
        f"the operator may not change that; {REMEDY}"
    )
    assert there.wait("web", "Ready", "Provisioning").startswith(
        "No shell is opened before the volume is kept"
    )


def test_where_it_may_read_volumes_it_believes_them_rather_than_their_class(plane: ControlPlane) -> None:
    """A mutating policy, say, has made Retain of the class's Delete."""
    plane.admin.run("create", "clusterrole", "see-volumes", "--verb=get", "--resource=persistentvolumes")
    plane.admin.run(
        "create", "clusterrolebinding", "see-volumes", "--clusterrole=see-volumes", f"--user={USER}"
    )
    there = node(plane, "team-b")
    ask(there, "seen", "delete")
    volume = there.bind("seen-recordings", storage_class="delete", policy="Retain")
    there.run("seen")
    assert there.wait("seen", "RecordingsRetained", "Retained") == (
        f"The volume is kept when its claim is deleted: volume {volume} says so"
    )


def test_another_namespace_is_left_alone(plane: ControlPlane) -> None:
    """The life in team-b that starts after it has been served; here nobody has even looked."""
    alien = node(plane, "team-c")
    ask(alien, "web", "retain")
    there = node(plane, "team-b")
    ask(there, "later", "retain")
    there.admin.wait_for("pod", "later", lambda _: True, timeout=20)
    assert "status" not in alien.admin.json("get", "troubleshooter", "web")
    assert alien.admin.get("pod", "web") is None


def test_it_has_no_right_in_the_whole_cluster_but_to_read_classes(
    plane: ControlPlane, tmp_path: Path
) -> None:
    """As the API server's own review of the rights lists them, without what everybody has."""
    operator = as_operator(plane, tmp_path).in_namespace("team-c")
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "team-c"},
    }
    answer = json.loads(
        operator.run(
            "create", "--validate=false", "--filename=-", "--output=json", stdin=json.dumps(review)
        ).stdout
    )
    found = {
        (verb, resource)
        for rule in answer["status"]["resourceRules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        if not resource.startswith("selfsubject")
    }
    classes = {(verb, "troubleshooterclasses") for verb in ("get", "list", "watch")}
    assert found - {("get", "persistentvolumes")} == classes | {("get", "storageclasses")}


def test_the_overlay_tells_the_operator_where_to_work(plane: ControlPlane) -> None:
    deployment = plane.admin.in_namespace("troubleshooter-system").json(
        "get", "deploy", "troubleshooter-operator"
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["--watch-namespaces=$(WATCH_NAMESPACES)"]
    assert container["env"][0]["valueFrom"]["configMapKeyRef"]["key"] == "watch-namespaces"
    assert plane.admin.get("validatingadmissionpolicy", "troubleshooter-operator-volumes") is None


def test_the_log_says_which_namespaces_are_watched(plane: ControlPlane, tmp_path: Path) -> None:
    log = tmp_path / "second.log"
    with running_operator(plane, log, ["--watch-namespaces=team-a"]):
        wait_until(
            lambda: "namespaces=team-a" in log.read_text(), timeout=20, what="the operator's first line"
        )
