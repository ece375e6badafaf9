"""What the operator makes of deploy/policies: whose name it believes, and where it writes that down."""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import Kubectl, wait_until
from operator_process import running_operator
from played_node import PlayedNode
from stage import troubleshooter

from troubleshooter_agent.contract import parse_time

POLICIES = CHECKOUT / "deploy" / "policies"
REQUESTED_BY = "troubleshooter.sh/requested-by"
EXEC_IDENTITY = "troubleshooter.sh/exec-identity"
COUNTED_SECONDS = 11.0


@dataclass(frozen=True)
class Scene:
    """`operator`: its process id."""

    plane: ControlPlane
    operator: int


@pytest.fixture(scope="module", params=["validating", "v1beta1"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Alice and bob edit namespace team."""
    with running_control_plane(tmp_path_factory.mktemp("plane"), controllers=True) as running:
        install(running.admin)
        early = troubleshooter("early", {})
        early["metadata"]["annotations"] = {REQUESTED_BY: "alice"}
        running.admin.in_namespace("team").apply(early)
        running.admin.run("apply", "-k", str(POLICIES / request.param))
        # An operator that is there before the policies count looks for them again only half a minute later.
        wait_until(lambda: age(running) > COUNTED_SECONDS, timeout=30, what="policies that count")
        with running_operator(running, tmp_path_factory.mktemp("operator") / "log") as operator:
            yield Scene(running, operator)


def install(admin: Kubectl) -> None:
    crds.install(admin)
    admin.in_namespace("troubleshooter-system").run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
    admin.run("apply", "-k", str(CHECKOUT / "deploy" / "temporary-namespace"))
    admin.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node1"}})
    patch = json.dumps({"spec": {"allow": {"temporaryNamespace": True}}})
    admin.run("patch", "troubleshooterclass", "default", "--type=merge", f"--patch={patch}")
    team = admin.in_namespace("team")
    PlayedNode(team).prepare()
    team.run("create", "rolebinding", "edit", "--clusterrole=edit", "--user=alice", "--user=bob")
    rule = {"apiGroups": ["troubleshooter.sh"], "resources": ["troubleshooters/temporarynamespace"]}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "apart"}}
    team.apply(role | {"rules": [rule | {"verbs": ["create"]}]})
    team.run("create", "rolebinding", "apart", "--role=apart", "--user=alice")


def age(plane: ControlPlane) -> float:
    """Seconds since the last of the bindings was made, by this machine's clock: the API server's."""
    made = plane.admin.json("get", "validatingadmissionpolicybindings")["items"]
    return time.time() - max(parse_time(each["metadata"]["creationTimestamp"]) for each in made)


def team(plane: ControlPlane) -> Kubectl:
    return plane.admin.in_namespace("team")


def ask(plane: ControlPlane, who: str, name: str, *, stated: bool = True, **spec: Any) -> Any:
    """Create a Troubleshooter as somebody who says so, unless it is not `stated`."""
    wanted = troubleshooter(name, spec)
    wanted["metadata"]["annotations"] = {REQUESTED_BY: who} if stated else {}
    return plane.user(who).in_namespace("team").attempt("create", "-f-", stdin=json.dumps(wanted))


def names(thing: Mapping[str, Any]) -> tuple[str | None, str | None]:
    notes = thing["metadata"].get("annotations", {})
    return notes.get(REQUESTED_BY), notes.get(EXEC_IDENTITY)


def told_by_status(plane: ControlPlane, name: str) -> str:
    found = team(plane).wait_for("troubleshooter", name, lambda it: "status" in it, timeout=20)
    return str(found["status"]["requestedBy"])


@pytest.fixture
def plane(scene: Scene) -> ControlPlane:
    return scene.plane


@pytest.fixture
def stamped(plane: ControlPlane) -> bool:
    return plane.admin.get("mutatingadmissionpolicy", "troubleshooter-requested-by") is not None


def test_status_pod_claim_and_volume_tell_who_asked(plane: ControlPlane) -> None:
    assert ask(plane, "alice", "web").returncode == 0
    node = PlayedNode(team(plane))
    volume = node.bind("web-recordings")
    node.run("web")
    node.wait("web", "RecordingsRetained", "Retained")
    assert told_by_status(plane, "web") == "alice"
    assert names(team(plane).json("get", "pod", "web")) == ("alice", "enforced")
    assert names(team(plane).json("get", "pvc", "web-recordings")) == ("alice", None)
    assert names(plane.admin.json("get", "pv", volume)) == ("alice", None)


def test_one_from_before_the_policies_stays_unverified(plane: ControlPlane) -> None:
    """Whoever wrote that annotation may have written anything; that execs are checked is true for it too."""
    assert told_by_status(plane, "early") == "unverified"
    pod = team(plane).json("get", "pod", "early")
    assert names(pod) == ("unverified", "enforced")


def test_who_states_no_name_is_stamped_or_unverified(plane: ControlPlane, *, stamped: bool) -> None:
    assert ask(plane, "alice", "silent", stated=False).returncode == 0
    assert told_by_status(plane, "silent") == ("alice" if stamped else "unverified")


@pytest.mark.parametrize("stated", [True, False])
def test_nobody_else_writes_among_recordings(plane: ControlPlane, *, stated: bool, stamped: bool) -> None:
    ask(plane, "alice", "owner", saveToDisk={"claimName": "owned"})
    team(plane).wait_for("pvc", "owned", lambda it: names(it)[0] == "alice", timeout=20)
    name = f"intruder-{stated}".lower()
    assert ask(plane, "bob", name, stated=stated, saveToDisk={"claimName": "owned"}).returncode == 0
    node = PlayedNode(team(plane))
    sentence = "not one of bob" if stated or stamped else "nobody is known to have asked for this toolbox"
    assert sentence in node.wait(name, "Ready", "ClaimNotOurs")
    assert team(plane).get("pod", name) is None
    assert ask(plane, "alice", f"again-{stated}".lower(), saveToDisk={"claimName": "owned"}).returncode == 0
    assert "in use by Troubleshooter owner" in node.wait(f"again-{stated}".lower(), "Ready", "VolumePending")


def test_a_temporary_namespace_is_open_to_exactly_those_who_may_open_the_shell(plane: ControlPlane) -> None:
    access = {"users": ["carol"], "groups": ["on-call"]}
    assert ask(plane, "alice", "apart", temporaryNamespace=True, access=access).returncode == 0
    uid = team(plane).json("get", "troubleshooter", "apart")["metadata"]["uid"]
    there = plane.admin.in_namespace(f"incident-response-{uid}")
    found = there.wait_for("rolebinding", "troubleshooter", lambda _: True, timeout=20)
    assert [(each["kind"], each["name"]) for each in found["subjects"]] == [
        ("User", "alice"),
        ("User", "carol"),
        ("Group", "on-call"),
    ]
    assert names(plane.admin.json("get", "namespace", there.namespace)) == ("alice", None)
    for who, answer in (("alice", "yes"), ("bob", "no")):
        words = ("auth", "can-i", "create", "pods", "--subresource=exec")
        said = plane.user(who).in_namespace(there.namespace).attempt(*words).stdout
        assert said.strip() == answer
    there.wait_for("pod", "apart", lambda pod: names(pod) == ("alice", "enforced"), timeout=20)


def test_without_the_policies_nothing_new_is_believed_and_what_was_known_stays(
    scene: Scene, plane: ControlPlane, tmp_path: Path
) -> None:
    """The last of this file: it takes them away. A fresh operator sees so at once."""
    ask(plane, "alice", "known")
    team(plane).wait_for("pod", "known", lambda pod: names(pod) == ("alice", "enforced"), timeout=20)
    plane.admin.run("delete", "-k", str(POLICIES / "v1beta1"), "--ignore-not-found")
    os.kill(scene.operator, signal.SIGTERM)
    with running_operator(plane, tmp_path / "log"):
        team(plane).wait_for("pod", "known", lambda pod: names(pod) == ("alice", "none"), timeout=20)
        assert told_by_status(plane, "known") == "alice"
        assert ask(plane, "alice", "new").returncode == 0
        assert told_by_status(plane, "new") == "unverified"
