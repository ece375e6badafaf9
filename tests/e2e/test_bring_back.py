"""Recordings whose claim and namespace are gone: the report finds them, a script binds them again.

The toolbox had a namespace of its own, which the operator has taken away.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import CHECKOUT
from kubectl import Kubectl
from shelf import open_shelf
from stage import Stage
from toolbox import Toolbox

SCRIPTS = CHECKOUT / "deploy" / "scripts"


@dataclass(frozen=True)
class Kept:
    """What is left of a toolbox: `home` was its namespace, `where` that of its pod, which is gone."""

    home: str
    where: str
    volume: str


def script(admin: Kubectl, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A script as an administrator runs it."""
    environment = {
        "PATH": f"{admin.program.parent}:{os.environ['PATH']}",
        "KUBECONFIG": str(admin.kubeconfig),
        "HOME": str(admin.kubeconfig.parent),  # for its cache
        "LANG": "C.UTF-8",
    }
    return subprocess.run(
        [str(SCRIPTS / name), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def kept(apart: str, stage: Stage, admin: Kubectl) -> Iterator[Kept]:
    """A whole life in a namespace of its own, with one recorded command."""
    stage.ask("gone", temporaryNamespace=True, troubleshooterClassName=apart, access={"users": ["alice"]})
    stage.ready("gone")
    status = stage.editor.json("get", "troubleshooter", "gone")["status"]
    there = status["podNamespace"]
    toolbox = Toolbox(stage.editor.in_namespace(there), "gone")
    assert toolbox.run("shell", "-c", "echo found again").returncode == 0
    stage.ask("gone", temporaryNamespace=True, troubleshooterClassName=apart, state="Stopped")
    stage.wait_reason("gone", "Stopped", kind="Ended")
    admin.wait_gone("namespace", there, timeout=90)
    status = stage.editor.json("get", "troubleshooter", "gone")["status"]
    volume = status["recordings"]["persistentVolumeName"]
    yield Kept(stage.namespace, there, volume)
    admin.run("delete", "persistentvolume", volume, "--ignore-not-found", "--wait=false")


def test_the_report_tells_of_a_volume_whose_claim_is_gone(kept: Kept, admin: Kubectl) -> None:
    for order in ("age", "requester", "size"):
        found = script(admin, "list-recordings.sh", f"--by={order}")
        assert found.returncode == 0, found.stderr
        (row,) = [line.split() for line in found.stdout.splitlines() if line.startswith(kept.volume)]
        assert (row[1], row[2], row[4:]) == (
            "Released",
            "Retain",
            ["0", "1Gi", "alice", f"{kept.home}/gone"],
        )
        assert "alice: " in found.stdout.splitlines()[-1]


def test_the_recordings_are_bound_again_in_another_namespace(
    kept: Kept, stage: Stage, admin: Kubectl, namespace: str, tmp_path: Path
) -> None:
    found = script(admin, "bind-recordings.sh", kept.volume, namespace, "evidence")
    assert found.returncode == 0, found.stderr
    inside = admin.in_namespace(namespace)
    claim = inside.json("get", "pvc", "evidence")
    assert claim["status"]["phase"] == "Bound"
    assert claim["spec"]["volumeName"] == kept.volume
    assert claim["metadata"]["annotations"]["troubleshooter.sh/namespace"] == kept.home
    (cast,) = open_shelf(inside, "evidence", tmp_path).casts()
    assert cast.path.relative_to(tmp_path).parts[:2] == (kept.home, "gone")
    assert "found again" in cast.path.read_text()
    again = script(admin, "bind-recordings.sh", kept.volume, namespace)
    assert again.returncode == 1
    assert again.stderr == (
        f"bind-recordings.sh: volume {kept.volume} is Bound, by claim {namespace}/evidence; only one whose "
        "claim is gone can be bound again\n"
    )


def test_the_recordings_are_bound_again_where_only_the_claim_was_deleted(
    stage: Stage, admin: Kubectl, operator: None
) -> None:
    """Under the old name in the old namespace, where the next run goes on with them."""
    toolbox = stage.start("again")
    assert toolbox.run("shell", "-c", "echo before").returncode == 0
    stage.ask("again", state="Stopped")
    stage.wait_reason("again", "Stopped", kind="Ended")
    stage.editor.wait_gone("pod", "again", timeout=60)
    volume = stage.volume_of("again-recordings")
    stage.editor.run("delete", "pvc", "again-recordings")
    name = volume["metadata"]["name"]
    admin.wait_for("pv", name, lambda found: found["status"]["phase"] == "Released", timeout=30)
    found = script(admin, "bind-recordings.sh", name, stage.namespace)
    assert found.returncode == 0, found.stderr
    stage.start("again", run=2)
    assert stage.volume_of("again-recordings")["metadata"]["name"] == name
    listed = toolbox.run("shell", "--", "troubleshooter-agent", "list").stdout.decode()
    assert "alice" in listed
    assert toolbox.run("shell", "-c", "echo after").returncode == 0
    assert [cast.summary["user"] for cast in stage.shelf("again").casts()] == ["alice", "alice"]


def foreign(name: str, **labels: str) -> dict[str, Any]:
    spec = {
        "capacity": {"storage": "1Mi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": "/nowhere"},
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }


def test_a_volume_of_others_is_left_alone(admin: Kubectl, namespace: str) -> None:
    name = f"foreign-{namespace}"
    admin.run("create", "--filename=-", stdin=json.dumps(foreign(name)))
    try:
        found = script(admin, "bind-recordings.sh", name, namespace)
    finally:
        admin.run("delete", "persistentvolume", name)
    assert found.returncode == 1
    assert found.stderr == (
        f"bind-recordings.sh: volume {name} is not labelled troubleshooter.sh/recordings=true, so it is left "
        "alone\n"
    )


def test_the_report_shows_strange_names_without_obeying_them(admin: Kubectl, namespace: str) -> None:
    """And the sizes of all volumes in one unit."""
    name = f"strange-{namespace}"
    marked = foreign(name, **{"troubleshooter.sh/recordings": "true"})
    marked["metadata"]["annotations"] = {
        "troubleshooter.sh/requested-by": "eve\n\t\x1b[2Jpv-1",
        "troubleshooter.sh/ended-at": "2024-02-28T23:00:00Z",
    }
    marked["spec"]["capacity"]["storage"] = "1536Mi"
    admin.run("create", "--filename=-", stdin=json.dumps(marked))
    try:
        shown = script(admin, "list-recordings.sh").stdout
    finally:
        admin.run("delete", "persistentvolume", name)
    assert "\x1b" not in shown
    first = shown.splitlines()[1]
    assert first.startswith(name)
    assert r"eve\n\t\x1b[2Jpv-1" in first
    assert r"eve\n\t\x1b[2Jpv-1: 1 volumes, 1.5 Gi, the oldest " in shown


@pytest.mark.parametrize("name", ["bind-recordings.sh", "list-recordings.sh"])
def test_a_script_says_how_it_is_used(admin: Kubectl, name: str) -> None:
    shown = script(admin, name, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"example: {name}" in shown.stdout
    assert script(admin, name, "one", "two", "three", "four").returncode == 64
