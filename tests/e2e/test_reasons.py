"""Why a toolbox is not Ready, or why it ended, in the cluster's own words; docs/reasons.md names each test.

What other modules provoke already is not repeated here. All of them are asked for at once.
"""

import json
from collections.abc import Iterator

import images
import pytest
from kubectl import condition
from operator_process import USER
from stage import Stage

pytestmark = pytest.mark.usefixtures("operator")

TOOLBOX = images.names().of("toolbox")
OTHER = "docker.io/library/debian:trixie-slim"
HUGE, UNSTORED, EVICTED, CHANGED, POOR = "huge", "unstored", "evicted", "changed", "poor"
QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: none-left}
spec: {hard: {pods: "0"}}
"""


@pytest.fixture(scope="module")
def scene(operator: None, stage: Stage) -> Iterator[Stage]:
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    name = f"{stage.namespace}-huge"
    much = {"requests": {"cpu": "1000"}, "limits": {"cpu": "1000"}}
    spec = {"images": {"default": TOOLBOX}, "resources": much}
    stage.admin.apply({**kind, "metadata": {"name": name}, "spec": spec})
    stage.ask(HUGE, troubleshooterClassName=name)
    stage.ask(UNSTORED, saveToDisk={"storageClassName": "no-such-class"})
    stage.ask(EVICTED)
    stage.ask(CHANGED)
    yield stage
    stage.admin.run("delete", "troubleshooterclass", name)


def test_a_node_that_is_too_small(scene: Stage) -> None:
    said = scene.wait_reason(HUGE, "Unschedulable")["message"]
    assert said.startswith("No node can take the pod: 0/1 nodes are available: 1 Insufficient cpu")
    assert said.endswith("free some, or ask for less (resources of the class, nodeSelector)")


def test_a_storage_class_that_is_not_there(scene: Stage) -> None:
    said = scene.wait_reason(UNSTORED, "VolumePending")["message"]
    assert said.startswith("Claim unstored-recordings is not bound: ")
    assert said.endswith("mend its StorageClass (no-such-class)")


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
    assert said.startswith("The pod was evicted from its node")
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
