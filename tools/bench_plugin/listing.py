"""`kubectl troubleshoot list` over a thousand toolboxes: a whole process, at an API server without a node."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import crds
from control_plane import ControlPlane, running_control_plane
from figures import OURS, Row, at_most

from troubleshooter_cli.api import Api
from troubleshooter_cli.kinds import TROUBLESHOOTER

NAMESPACE: Final = "bench"
LIMIT: Final = at_most(1.0)
AT_A_TIME: Final = 4
STARTED: Final = "2026-11-25T12:00:00Z"


def measure(folder: Path, *, count: int, rounds: int) -> list[Row]:
    """Beside what kubectl itself takes for its table of the same."""
    with running_control_plane(folder) as plane:
        crds.install(plane.admin)
        plane.admin.run("create", "namespace", NAMESPACE)
        _fill(plane, count)
        config = str(plane.state.kubeconfig("admin"))
        kubectl = [str(plane.programs["kubectl"]), f"--kubeconfig={config}", f"--namespace={NAMESPACE}"]
        plugin = [sys.executable, "-m", "troubleshooter_cli", "list", f"--kubeconfig={config}"]
        samples: dict[str, list[float]] = {"kubectl get": [], OURS: []}
        for _ in range(rounds):
            samples["kubectl get"].append(_seconds([*kubectl, "get", "troubleshooters"], count))
            samples[OURS].append(_seconds([*plugin, f"--namespace={NAMESPACE}"], count))
    title = f"`list` of {count:,} toolboxes"
    return [
        Row(title, "kubectl get", "s", tuple(samples["kubectl get"])),
        Row(title, OURS, "s", tuple(samples[OURS]), LIMIT),
    ]


def _seconds(command: list[str], count: int) -> float:
    """Of a process that must print a line for each, and one of titles."""
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, check=True, env=os.environ)
    seconds = time.monotonic() - began
    lines = len(done.stdout.splitlines())
    assert lines == count + 1, f"{lines} lines, not {count + 1}"
    return seconds


def _fill(plane: ControlPlane, count: int) -> None:
    api = Api.connect(str(plane.state.kubeconfig("admin")))
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(lambda number: _make(api, number), range(count)))


def _make(api: Api, number: int) -> None:
    made = api.create(TROUBLESHOOTER, NAMESPACE, _manifest(f"toolbox-{number}"))
    name = made["metadata"]["name"]
    path = f"{TROUBLESHOOTER.path(NAMESPACE, name)}/status"
    api.request("PUT", path, body=made | {"status": _status(name)})


def _manifest(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "troubleshooter.sh/v1alpha1",
        "kind": "Troubleshooter",
        "metadata": {"name": name},
        "spec": {"purpose": "checkout answers 502", "timeToLive": "2h"},
    }


def _status(name: str) -> dict[str, Any]:
    """Of one that runs, with as many sessions as a status has."""
    told = (
        ("Ready", "True", "ShellAvailable"),
        ("Ended", "False", "Running"),
        ("Recorded", "False", "Running"),
    )
    conditions = [
        {"type": kind, "status": status, "reason": reason, "message": "", "lastTransitionTime": STARTED}
        for kind, status, reason in told
    ]
    sessions = [
        {
            "id": f"a1b2c3d{number}",
            "user": "alice",
            "startedAt": STARTED,
            "file": f"{NAMESPACE}/{name}/x.cast",
        }
        for number in range(10)
    ]
    return {
        "observedGeneration": 1,
        "run": 1,
        "podName": name,
        "podNamespace": NAMESPACE,
        "requestedBy": "alice",
        "startedAt": STARTED,
        "expiresAt": "2026-11-25T14:00:00Z",
        "sessionCount": len(sessions),
        "sessions": sessions,
        "conditions": conditions,
    }
