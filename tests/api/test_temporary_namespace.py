"""Toolboxes in namespaces of their own: made, used, removed with nothing lost, never one of somebody else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import Kubectl, condition, wait_until
from operator_process import as_operator, running_operator
from played_node import PlayedNode
from stage import troubleshooter

COMPONENT = str(CHECKOUT / "deploy" / "temporary-namespace")
RIGHTS = ("clusterrolebinding", "troubleshooter-operator-temporary-namespace")
ACCESS = {"users": ["bob"], "groups": ["on-call"]}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """With all controllers, so namespaces really go; the node, which pods are bound to, is played."""
    with running_control_plane(tmp_path_factory.mktemp("plane"), controllers=True) as running:
        install(running.admin)
        yield running


def install(admin: Kubectl) -> None:
    crds.install(admin)
    admin.in_namespace("troubleshooter-system").run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
    admin.run("apply", "-k", COMPONENT)
    admin.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1"}})
    patch = {"spec": {"allow": {"temporaryNamespace": True}}}
    admin.run("patch", "troubleshooterclass", "default", "--type=merge", f"--patch={json.dumps(patch)}")
    strict = {
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    PlayedNode(admin.in_namespace("team")).prepare(strict | {"team": "blue"})


@pytest.fixture
def operator(plane: ControlPlane, tmp_path: Path) -> Iterator[None]:
    with running_operator(plane, tmp_path / "operator.log"):
        yield


@pytest.fixture
def team(plane: ControlPlane) -> PlayedNode:
    return PlayedNode(plane.admin.in_namespace("team"))


def ask(team: PlayedNode, name: str, **more: Any) -> PlayedNode:
    """The namespace in which its pod will be."""
    team.admin.apply(troubleshooter(name, {"temporaryNamespace": True} | more))
    uid = team.admin.json("get", "troubleshooter", name)["metadata"]["uid"]
    return PlayedNode(team.admin.in_namespace(f"incident-response-{uid}"))


def change(team: PlayedNode, name: str, **spec: Any) -> None:
    patch = json.dumps({"spec": spec})
    team.admin.run("patch", "troubleshooter", name, "--type=merge", f"--patch={patch}")


def test_a_whole_life_and_the_next_run(plane: ControlPlane, operator: None, team: PlayedNode) -> None:
    there = ask(team, "web")
    volume = there.bind("web-recordings")
    there.run("web")
    assert team.wait("web", "Ready", "ShellAvailable") == (
        f"Open a recorded shell with: kubectl exec -it -n {there.admin.namespace} web -- shell"
    )
    team.wait("web", "RecordingsRetained", "Retained")
    assert team.admin.json("get", "troubleshooter", "web")["status"]["podNamespace"] == there.admin.namespace
    change(team, "web", state="Stopped")
    there.finish("web")
    team.wait("web", "Ended", "Stopped")
    plane.admin.wait_gone("namespace", there.admin.namespace, timeout=60)
    kept = plane.admin.json("get", "pv", volume)
    marks = kept["metadata"]["annotations"]
    assert kept["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert kept["status"]["phase"] == "Released"
    assert marks["troubleshooter.sh/namespace"] == "team"
    assert marks["troubleshooter.sh/ended-at"] == "2026-11-22T18:59:00Z"
    status = team.admin.json("get", "troubleshooter", "web")["status"]
    assert status["recordings"]["persistentVolumeName"] == volume
    change(team, "web", state="Running", run=2)
    second = there.bind("web-recordings")
    assert second != volume
    there.run("web")
    team.wait("web", "Ready", "ShellAvailable")


def test_what_it_is_furnished_with(plane: ControlPlane, operator: None, team: PlayedNode) -> None:
    there = ask(team, "walls", access=ACCESS)
    pod = there.admin.wait_for("pod", "walls", lambda _: True, timeout=30)
    assert "ownerReferences" not in pod["metadata"]
    (projected,) = [each for each in pod["spec"]["volumes"] if each["name"] == "annotations"]
    fields = {each["path"]: each["fieldRef"]["fieldPath"] for each in projected["downwardAPI"]["items"]}
    assert fields["namespace"] == "metadata.annotations['troubleshooter.sh/namespace']"
    assert pod["metadata"]["annotations"]["troubleshooter.sh/namespace"] == "team"
    name = there.admin.namespace
    assert plane.admin.json("get", "namespace", name)["metadata"]["labels"] == {
        "app.kubernetes.io/component": "temporary-namespace",
        "app.kubernetes.io/managed-by": "troubleshooter-operator",
        "app.kubernetes.io/name": "troubleshooter",
        "kubernetes.io/metadata.name": name,
        "pod-security.kubernetes.io/enforce": "baseline",
        "pod-security.kubernetes.io/warn": "restricted",
    }
    quota = there.admin.json("get", "resourcequota", "troubleshooter")
    assert quota["spec"] == {"hard": {"persistentvolumeclaims": "1", "pods": "2", "services": "0"}}
    assert there.admin.json("get", "limitrange", "troubleshooter")["spec"]["limits"][1] == {
        "type": "PersistentVolumeClaim",
        "max": {"storage": "10Gi"},
    }
    binding = there.admin.json("get", "rolebinding", "troubleshooter")
    assert binding["roleRef"]["name"] == "troubleshooter-shell"
    assert [(each["kind"], each["name"]) for each in binding["subjects"]] == [
        ("User", "bob"),
        ("Group", "on-call"),
    ]


def test_nobody_comes_in_but_operator_and_monitoring(operator: None, team: PlayedNode) -> None:
    there = ask(team, "closed")
    found = there.admin.wait_for("networkpolicy", "troubleshooter", lambda _: True, timeout=30)
    assert found["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [
                    {
                        "namespaceSelector": {
                            "matchLabels": {"kubernetes.io/metadata.name": "troubleshooter-system"}
                        },
                        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "troubleshooter-operator"}},
                    },
                    {"namespaceSelector": {"matchLabels": {"troubleshooter.sh/monitoring": "true"}}},
                ],
                "ports": [{"port": 9464, "protocol": "TCP"}],
            }
        ],
    }


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("create", "pods", "--subresource=exec"), "yes"),
        (("get", "pods", "--subresource=log"), "yes"),
        (("create", "pods"), "no"),
        (("get", "secrets"), "no"),
        (("delete", "persistentvolumeclaims"), "no"),
    ],
)
def test_a_colleague_may_open_a_shell_there_and_nothing_else(
    plane: ControlPlane, operator: None, team: PlayedNode, words: tuple[str, ...], answer: str
) -> None:
    there = ask(team, "walls", access=ACCESS)
    there.admin.wait_for("rolebinding", "troubleshooter", lambda _: True, timeout=30)
    bob = plane.user("bob").in_namespace(there.admin.namespace)

    def answered() -> bool:
        return bob.attempt("auth", "can-i", *words).stdout.strip() == answer

    wait_until(answered, timeout=10, what=f"the answer {answer}")


def test_who_may_come_in_can_be_changed_while_it_runs(operator: None, team: PlayedNode) -> None:
    there = ask(team, "guests", access=ACCESS)
    there.bind("guests-recordings")
    there.run("guests")
    team.wait("guests", "Ready", "ShellAvailable")
    change(team, "guests", access={"users": ["carol"], "groups": []})
    there.admin.wait_for(
        "rolebinding",
        "troubleshooter",
        lambda found: [each["name"] for each in found["subjects"]] == ["carol"],
        timeout=20,
    )


def test_one_whose_troubleshooter_went_without_operator_is_swept(
    plane: ControlPlane, team: PlayedNode, tmp_path: Path
) -> None:
    log = tmp_path / "operator.log"
    with running_operator(plane, log):
        there = ask(team, "orphan")
        volume = there.bind("orphan-recordings")
        there.run("orphan")
        team.wait("orphan", "Ready", "ShellAvailable")
    team.admin.run("delete", "troubleshooter", "orphan")
    with running_operator(plane, log):
        there.finish("orphan")
        there.admin.wait_for(
            "pvc",
            "orphan-recordings",
            lambda found: "troubleshooter.sh/ended-at" in found["metadata"]["annotations"],
            timeout=20,
        )
    with running_operator(plane, log):
        plane.admin.wait_gone("namespace", there.admin.namespace, timeout=60)
    kept = plane.admin.json("get", "pv", volume)
    assert kept["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert kept["metadata"]["annotations"]["troubleshooter.sh/ended-at"] == "2026-11-22T18:59:00Z"


def test_a_namespace_of_somebody_else_is_left_alone(
    plane: ControlPlane, operator: None, team: PlayedNode
) -> None:
    there = ask(team, "alien", state="Stopped")
    name = there.admin.namespace
    plane.admin.run("create", "namespace", name)
    change(team, "alien", state="Running")
    assert team.wait("alien", "Ready", "NotAllowed") == (
        f"Namespace {name} was not made by the operator, so it is left alone; leave temporaryNamespace out, "
        "or delete that namespace"
    )
    assert there.admin.get("networkpolicy", "troubleshooter") is None
    team.admin.run("delete", "troubleshooter", "alien")
    assert "deletionTimestamp" not in plane.admin.json("get", "namespace", name)["metadata"]


def test_it_cannot_be_asked_for_later(plane: ControlPlane, team: PlayedNode) -> None:
    team.admin.apply(troubleshooter("fixed", {"state": "Stopped"}))
    refused = team.admin.refuse(troubleshooter("fixed", {"temporaryNamespace": True}))
    assert "temporaryNamespace cannot be changed; make another Troubleshooter" in refused


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("create", "namespace", "mine"),
            "may make only namespaces named incident-response- that carry its label",
        ),
        (
            ("create", "namespace", "incident-response-mine"),
            "may make only namespaces named incident-response- that carry its label",
        ),
        (("delete", "namespace", "team"), "may change and delete only namespaces that it has made"),
        (
            ("delete", "namespace", "incident-response-foreign"),
            "may change and delete only namespaces that it",
        ),
        (
            ("--namespace=team", "create", "quota", "mine", "--hard=pods=1"),
            "may furnish only namespaces that it has made",
        ),
        (
            ("-n", "team", "create", "rolebinding", "mine", "--clusterrole=troubleshooter-shell", "--user=x"),
            "may furnish only namespaces that it has made",
        ),
    ],
)
def test_a_policy_holds_the_operator_to_its_own_namespaces(
    plane: ControlPlane, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    plane.admin.attempt("create", "namespace", "incident-response-foreign")
    operator = as_operator(plane, tmp_path)

    def refused() -> bool:
        result = operator.attempt(*words, "--dry-run=server")
        return result.returncode != 0 and sentence in result.stderr

    wait_until(refused, timeout=10, what=f"a refusal that says: {sentence}")


@pytest.mark.parametrize("thing", ["persistentvolumeclaims", "persistentvolumes", "pods/exec", "secrets"])
@pytest.mark.parametrize("verb", ["delete", "create"])
def test_its_rights_reach_no_recording(plane: ControlPlane, tmp_path: Path, thing: str, verb: str) -> None:
    """Claims are made by it; nothing else of these, not even in namespaces of its own."""
    name, _, part = thing.partition("/")
    words = ("auth", "can-i", verb, name, *((f"--subresource={part}",) if part else ()))
    operator = as_operator(plane, tmp_path).in_namespace("incident-response-any")
    answer = "yes" if (verb, thing) == ("create", "persistentvolumeclaims") else "no"
    assert operator.attempt(*words).stdout.strip() == answer


def test_without_the_rights_it_is_told_what_to_install(
    plane: ControlPlane, operator: None, team: PlayedNode
) -> None:
    plane.admin.run("delete", *RIGHTS)
    try:
        ask(team, "poor")
        message = team.wait("poor", "Ready", "Forbidden")
    finally:
        plane.admin.run("apply", "-k", COMPONENT)
    assert message.startswith("No temporary namespace can be made: ")
    assert message.endswith(
        "; an administrator can install deploy/temporary-namespace, or leave temporaryNamespace out"
    )
    found = team.admin.wait_for(
        "troubleshooter", "poor", lambda asked: condition(asked, "Ready")["reason"] != "Forbidden", timeout=30
    )
    assert found["status"]["podName"] == "poor"
