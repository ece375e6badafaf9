"""`doctor` at a real API server on which things are missing in turn, for administrators and for editors."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from control_plane import ControlPlane, running_control_plane
from kubectl import Kubectl
from policed import TEAM, policed_plane, wait_until_refused
from policed import create as attempt_to_create
from stage import troubleshooter

from troubleshooter_cli.diagnosis import POLICIES

RUN_SECONDS = 60


def doctor(plane: ControlPlane, kubeconfig: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    path = f"{plane.programs['kubectl'].parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "troubleshooter_cli", "doctor", f"--kubeconfig={kubeconfig}", *words]
    return subprocess.run(
        command,
        capture_output=True, text=True, timeout=RUN_SECONDS, check=False, env={**os.environ, "PATH": path},
    )  # fmt: skip


def checks(plane: ControlPlane, kubeconfig: Path, namespace: str = TEAM) -> dict[str, Any]:
    """By the name of the check."""
    told = json.loads(doctor(plane, kubeconfig, f"--namespace={namespace}", "--output=json").stdout)
    return {check["name"]: check for check in told["checks"]}


def states(found: dict[str, Any]) -> dict[str, str]:
    return {name: check["state"] for name, check in found.items()}


@pytest.fixture(scope="module")
def policed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with policed_plane(tmp_path_factory.mktemp("plane"), "v1beta1") as plane:
        stranger = plane.user("alice").in_namespace(TEAM)
        in_anothers_name = troubleshooter("tried", {"troubleshooterClassName": "none"})
        wait_until_refused(lambda: attempt_to_create(stranger, in_anothers_name, "--dry-run=server"))
        yield plane


def test_an_empty_cluster_lacks_everything_and_one_line_mends_most(plane: ControlPlane) -> None:
    told = doctor(plane, plane.state.kubeconfig("admin"))
    assert (told.returncode, told.stderr) == (1, "looking at the cluster\n")
    lines = told.stdout.splitlines()
    assert (
        "missing  crds: the API server does not know troubleshooters, troubleshooterclasses, replays" in lines
    )
    assert (
        lines[lines.index("missing  operator: the operator is not installed") + 1]
        == "            make deploy"
    )
    assert "missing  storage: there is no storage class" in lines


def test_an_administrator_is_told_of_all_that_was_installed(policed: ControlPlane) -> None:
    """Nothing runs here, and there is no storage: that is missing, and nothing else."""
    found = checks(policed, policed.state.kubeconfig("admin"))
    assert states(found) == {
        "kubectl": "ok", "cluster": "ok", "crds": "ok", "operator": "missing", "policies": "ok",
        "namespace": "ok", "rights": "ok", "classes": "ok", "storage": "missing", "image": "note",
    }  # fmt: skip
    assert found["policies"]["message"].startswith("all 13 in force, every exec is rewritten")
    assert found["image"]["message"].startswith("localhost/troubleshooter/toolbox:dev is in no registry")


def test_an_editor_is_told_what_can_be_told(policed: ControlPlane) -> None:
    """Of policies what becomes of a toolbox in another's name."""
    found = checks(policed, policed.kubeconfig("alice"))
    assert states(found) == {
        "kubectl": "ok", "cluster": "ok", "crds": "ok", "operator": "note", "policies": "ok",
        "namespace": "ok", "rights": "ok", "classes": "ok", "storage": "note", "image": "note",
    }  # fmt: skip
    assert found["policies"]["message"] == "who asks for a toolbox is checked; you may not see the rest"
    assert found["classes"]["message"] == "you may use default; you may not see the others"
    told = doctor(policed, policed.kubeconfig("alice"), f"--namespace={TEAM}")
    assert (told.returncode, "missing" in told.stdout) == (0, False)


def test_who_has_no_rights_is_told_which_line_gives_them(policed: ControlPlane) -> None:
    """And then has them."""
    zoe = policed.kubeconfig("zoe")
    found = checks(policed, zoe)
    assert found["rights"]["state"] == "missing"
    assert "start toolboxes (create troubleshooters)" in found["rights"]["message"]
    line = found["rights"]["remedy"]
    assert line == (
        "kubectl create rolebinding troubleshooter-zoe --namespace=team --clusterrole=edit --user=zoe"
    )
    policed.admin.run(*line.split()[1:])
    assert states(checks(policed, zoe))["rights"] == "ok"


def test_a_namespace_that_is_not_there_is_missing(policed: ControlPlane) -> None:
    found = checks(policed, policed.state.kubeconfig("admin"), "nowhere")
    assert found["namespace"] == {
        "name": "namespace", "state": "missing", "message": "there is no namespace nowhere",
        "remedy": "kubectl create namespace nowhere",
    }  # fmt: skip


def test_classes_and_storage_are_mended_by_the_lines_that_are_told(policed: ControlPlane) -> None:
    """A storage class and a class, neither of them the default, and then both."""
    admin, config = policed.admin, policed.state.kubeconfig("admin")
    admin.apply(
        {
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "shelf"},
            "provisioner": "example.org/none", "reclaimPolicy": "Retain", "allowVolumeExpansion": True,
        }
    )  # fmt: skip
    admin.run("annotate", "troubleshooterclass", "default", "troubleshooter.sh/is-default-class-")
    found = checks(policed, config)
    for name in ("storage", "classes"):
        assert found[name]["state"] == "missing"
        mend(admin, found[name]["remedy"])
    found = checks(policed, config)
    assert found["storage"]["message"] == "shelf: kept by its own policy; volumes can be expanded"
    assert found["classes"]["message"] == "default is the default; yours: default"


def test_a_policy_that_is_gone_is_named(policed: ControlPlane) -> None:
    policed.admin.run("delete", "validatingadmissionpolicybinding", "troubleshooter-mounts")
    found = checks(policed, policed.state.kubeconfig("admin"))
    assert found["policies"] == {
        "name": "policies", "state": "missing", "message": "not in force: troubleshooter-mounts",
        "remedy": "make deploy",
    }  # fmt: skip


def test_the_policies_are_those_of_the_component(policed: ControlPlane) -> None:
    there = policed.admin.json("get", "validatingadmissionpolicies")["items"]
    assert {each["metadata"]["name"] for each in there} >= set(POLICIES)


def mend(admin: Kubectl, line: str) -> None:
    program, *words = line.split()
    assert program == "kubectl"
    admin.run(*words)


def test_an_api_server_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with running_control_plane(tmp_path) as gone:
        config = gone.state.kubeconfig("admin")
    told = doctor(gone, config)
    assert told.returncode == 6
    assert "does not answer" in told.stderr
