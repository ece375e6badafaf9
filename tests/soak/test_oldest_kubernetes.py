"""The oldest Kubernetes that is supported: an API server 1.30 takes what is installed, and one life."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import binaries
import crds
import lifecycle
import places
import pytest
from control_plane import ControlPlane, running_control_plane
from exec_listener import NODE, listening
from harness import CHECKOUT
from kubectl import wait_until
from operator_process import running_operator
from played_node import PlayedNode
from stage import troubleshooter

SAMPLES = ("class.yaml", "minimal.yaml", "stopped.yaml", "full.yaml", "replay.yaml")
POLICY = "troubleshooter-operator-volumes"
VALIDATING = CHECKOUT / "deploy" / "policies" / "validating"
POLICIES_SECONDS = 30


@contextmanager
def oldest_control_plane(folder: Path) -> Iterator[ControlPlane]:
    cache = places.cache()
    with lifecycle.cache_lock(cache):
        binaries.build(cache)
        oldest = binaries.optional_program(cache, "kube-apiserver-1.30")
    programs = {**binaries.programs(cache), "kube-apiserver": oldest}
    with running_control_plane(folder, controllers=True, programs=programs, flags=()) as plane:
        yield plane


@pytest.mark.soak
def test_kubernetes_1_30_takes_all_of_it_and_one_life(tmp_path: Path) -> None:
    """Its limits of what rules may cost are narrower, and it lacks what CEL has learnt since."""
    with oldest_control_plane(tmp_path / "plane") as plane:
        assert plane.admin.json("version")["serverVersion"]["gitVersion"].startswith("v1.30.")
        crds.install(plane.admin)
        system = plane.admin.in_namespace("troubleshooter-system")
        system.run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
        for sample in SAMPLES:
            plane.admin.run("apply", "--dry-run=server", "-f", str(CHECKOUT / "crd" / "samples" / sample))
        policy = plane.admin.wait_for(
            "validatingadmissionpolicy", POLICY, lambda found: "typeChecking" in found["status"], timeout=30
        )
        assert policy["status"]["typeChecking"] == {}
        there = PlayedNode(plane.admin.in_namespace("team"))
        there.prepare()
        refused = there.admin.refuse(troubleshooter("bad", {"timeToLive": "3h"}))
        assert "timeToLive must be between 1m and 2h, written like 90s, 45m or 1h30m; got 3h" in refused
        with running_operator(plane, tmp_path / "operator.log"):
            live(there)


@pytest.mark.soak
def test_kubernetes_1_30_takes_the_policies_and_refuses_what_is_not_recorded(tmp_path: Path) -> None:
    with oldest_control_plane(tmp_path / "plane") as plane, listening(plane.state.pki) as listener:
        listener.register(plane.admin)
        crds.install(plane.admin)
        team = plane.admin.in_namespace("team")
        PlayedNode(team).prepare()
        labels = {"app.kubernetes.io/managed-by": "troubleshooter-operator"}
        spec = {"nodeName": NODE, "containers": [{"name": "toolbox", "image": "toolbox"}]}
        metadata = {"name": "box", "labels": labels}
        team.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        plane.admin.run("apply", "-k", str(VALIDATING))
        line = "write: kubectl exec -n team box -- shell --user=admin -- ls -l 'a b'\n"
        wait_until(
            lambda: team.attempt("exec", "box", "--", "ls", "-l", "a b").stderr.endswith(line),
            timeout=POLICIES_SECONDS,
            what="the line to type",
        )
        listener.heard()
        team.attempt("exec", "box", "--", "shell", "--user=admin", "-c", "id")
        assert listener.heard() == [["shell", "--user=admin", "-c", "id"]]
        wait_until(lambda: all_checked(plane), timeout=POLICIES_SECONDS, what="the types of all rules")
        for policy in plane.admin.json("get", "validatingadmissionpolicies")["items"]:
            assert policy["status"]["typeChecking"] == {}, policy["metadata"]["name"]


def all_checked(plane: ControlPlane) -> bool:
    found = plane.admin.json("get", "validatingadmissionpolicies")["items"]
    return bool(found) and all("typeChecking" in each.get("status", {}) for each in found)


def live(there: PlayedNode) -> None:
    """From the resource to its end, with the volume kept."""
    there.admin.apply(troubleshooter("web", {}))
    volume = there.bind("web-recordings")
    there.run("web")
    there.wait("web", "Ready", "ShellAvailable")
    assert there.admin.json("get", "pv", volume)["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    there.admin.run("patch", "troubleshooter", "web", "--type=merge", '--patch={"spec":{"state":"Stopped"}}')
    there.finish("web")
    there.wait("web", "Ended", "Stopped")
    there.admin.wait_gone("pod", "web", timeout=20)
