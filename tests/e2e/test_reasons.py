"""Why a toolbox is not Ready, or why it ended, in the cluster's own words; docs/reasons.md names each test.

What other modules provoke already is not repeated here. All of them are asked for at once.
"""

import itertools
import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import images
import pytest
from kubectl import condition
from operator_process import USER
from stage import Stage

pytestmark = pytest.mark.usefixtures("operator")

TOOLBOX = images.names().of("toolbox")
OTHER = "docker.io/library/debian:trixie-slim"
HUGE, UNSTORED, EVICTED, CHANGED, POOR = "huge", "unstored", "evicted", "changed", "poor"
FULL, ROOT, UNSTARTED, WHOLE = "full", "root", "unstarted", "whole"
NOWHERE = "localhost/troubleshooter/nowhere:dev"
FILL = "fallocate -l 300M /home/fill"  # at once more than /home may hold
MEASURED_SECONDS = 150  # the kubelet measures each minute
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: none-left}
spec: {hard: {pods: "0"}}
"""


@pytest.fixture(scope="module")
def scene(operator: None, stage: Stage) -> Iterator[Stage]:
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    much = {"requests": {"cpu": "1000"}, "limits": {"cpu": "1000"}}
    offers = {
        HUGE: {"images": {"default": TOOLBOX}, "resources": much},
        ROOT: {"images": {"default": TOOLBOX}, "security": {"allowRoot": True}},
        UNSTARTED: {"images": {"default": NOWHERE}},
    }
    names = {offer: f"{stage.namespace}-{offer}" for offer in offers}
    for offer, spec in offers.items():
        stage.admin.apply({**kind, "metadata": {"name": names[offer]}, "spec": spec})
    stage.ask(HUGE, troubleshooterClassName=names[HUGE])
    stage.ask(UNSTARTED, troubleshooterClassName=names[UNSTARTED])
    stage.ask(ROOT, troubleshooterClassName=names[ROOT], runAsNonRoot=False)
    stage.ask(UNSTORED, saveToDisk={"storageClassName": "no-such-class"})
    for name in (EVICTED, CHANGED, FULL):
        stage.ask(name)
    assert stage.ready(FULL).run("shell", "-c", FILL).returncode == 0
    yield stage
    stage.admin.run("delete", "troubleshooterclass", *names.values())


def test_a_node_that_is_too_small(scene: Stage) -> None:
    said = scene.wait_reason(HUGE, "Unschedulable")["message"]
    assert said.startswith("No node can take the pod: 0/1 nodes are available: 1 Insufficient cpu")
    assert said.endswith("free some, or ask for less (resources of the class, nodeSelector)")


def test_a_storage_class_that_is_not_there(scene: Stage) -> None:
    said = scene.wait_reason(UNSTORED, "VolumePending")["message"]
    assert said.startswith("Claim unstored-recordings is not bound: ")
    assert said.endswith("mend its StorageClass (no-such-class)")


def test_a_pod_that_pod_security_refuses(scene: Stage) -> None:
    """The class allows root, the namespace does not: in the API server's own words."""
    said = scene.wait_reason(ROOT, "Forbidden")["message"]
    assert said.startswith(
        'The API server refuses: pods "root" is forbidden: violates PodSecurity "restricted'
    )
    assert "runAsNonRoot != true" in said
    assert scene.editor.get("pod", ROOT) is None


def test_the_kubelets_cap_before_the_container_has_started(scene: Stage) -> None:
    scene.wait_reason(UNSTARTED, "ImagePullFailed")
    began = scene.admin.json("get", "pod", UNSTARTED)["status"]["startTime"]
    passed = time.time() - datetime.fromisoformat(began).timestamp()
    cap = {"spec": {"activeDeadlineSeconds": int(passed) + 3}}
    scene.admin.run("patch", "pod", UNSTARTED, f"--patch={json.dumps(cap)}", f"--as={USER}")
    said = scene.wait_reason(UNSTARTED, "StartFailed", kind="Ended")["message"]
    assert said.startswith(
        "The container did not start within 10 minutes (Pod was active on the node longer than"
    )


def test_what_is_told_from_beginning_to_end(scene: Stage) -> None:
    """Each condition has its reasons in this order, and no other between."""
    with scene.admin.watch("troubleshooters") as watch:
        scene.start(WHOLE)
        scene.ask(WHOLE, state="Stopped")
        scene.wait_reason(WHOLE, "Stopped", kind="Ended")
        told = [asked for _, asked in watch.events() if asked["metadata"]["name"] == WHOLE]
    order = {kind: in_order(told, kind) for kind in ("Ready", "RecordingsRetained", "Recorded", "Ended")}
    assert order == {
        "Ready": ["Provisioning", "ShellAvailable", "Ended"],
        "RecordingsRetained": ["Pending", "Retained"],
        "Recorded": ["Running", "Complete"],
        "Ended": ["Running", "Stopped"],
    }


def in_order(told: list[Any], kind: str) -> list[str]:
    """The reasons of a condition as they were told, without repetitions; a provisioner may take its time."""
    reasons = [str(found["reason"]) for asked in told if (found := condition(asked, kind))]
    lasting = [reason for reason in reasons if reason != "VolumePending"]
    return [reason for reason, _ in itertools.groupby(lasting)]


def test_an_eviction_over_the_api(scene: Stage) -> None:
    """As `kubectl drain` does it."""
    scene.ready(EVICTED)
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": EVICTED, "namespace": scene.namespace},
    }
    path = f"/api/v1/namespaces/{scene.namespace}/pods/{EVICTED}/eviction"
    scene.admin.run("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
    said = scene.wait_reason(EVICTED, "Evicted", kind="Ended")["message"]
    assert said == "The pod was evicted from its node (Eviction API: evicting)"
    asked = scene.editor.json("get", "troubleshooter", EVICTED)
    assert condition(asked, "Recorded")["reason"] == "Complete"


def test_an_image_that_is_changed_under_it(scene: Stage) -> None:
    scene.ready(CHANGED)
    change = ("set", "image", f"pod/{CHANGED}", f"toolbox={OTHER}")
    assert "is not changed by hand" in scene.admin.attempt(*change).stderr
    scene.admin.run(*change, f"--as={USER}")  # as it could be without the policies
    said = scene.wait_reason(CHANGED, "ImageChanged", kind="Ended")["message"]
    assert said.startswith("The pod's image was changed while it ran, so it was no longer the toolbox")
    scene.editor.wait_gone("pod", CHANGED, timeout=60)


def test_a_quota_that_is_used_up(scene: Stage) -> None:
    """The API server's own sentence; it mends itself once there is room."""
    scene.admin.apply(QUOTA)
    try:
        scene.ask(POOR)
        said = scene.wait_reason(POOR, "Forbidden")["message"]
    finally:
        scene.admin.run("delete", "resourcequota", "none-left")
    assert "exceeded quota: none-left, requested: pods=1" in said
    scene.ready(POOR)


def test_a_toolbox_that_fills_its_disk_at_once(scene: Stage) -> None:
    """Faster than the agent could end the session for it; the kubelet says what was too much."""
    said = scene.wait_reason(FULL, "Evicted", kind="Ended", timeout=MEASURED_SECONDS)["message"]
    assert re.fullmatch(r'The pod was evicted from its node \(.*"home" exceeds the limit.*\)', said), said
    (cast,) = scene.shelf(FULL).casts()
    assert cast.markers[-1] == "session ended: exit status 0"
    assert cast.play() == 0
