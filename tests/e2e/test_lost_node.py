"""A node that is there by name only: what the cluster's own controllers and the operator make of its end.

The node of the test cluster stays; the kubelet of this other one is played.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from kubectl import wait_until
from played_node import PlayedNode
from stage import Stage

pytestmark = pytest.mark.usefixtures("operator")

TOOLBOX = "localhost/troubleshooter/toolbox:dev"
NOWHERE = {"troubleshooter.test/node": "played"}  # no scheduler finds such a node
START_DEADLINE = 600
COLLECTED_SECONDS = 120  # a node is looked for again 40 s later, by a collector that comes each 20 s


@pytest.fixture(scope="module")
def offer(operator: None, stage: Stage) -> Iterator[str]:
    """A class that lets people choose a node, and save nothing to disk: nobody would make a volume there."""
    name = f"{stage.namespace}-anywhere"
    spec = {"images": {"default": TOOLBOX}, "allow": {"nodeSelection": True, "logToStdout": True}}
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    stage.admin.apply({**kind, "metadata": {"name": name}, "spec": spec})
    yield name
    stage.admin.run("delete", "troubleshooterclass", name)


@pytest.fixture(scope="module")
def node(stage: Stage) -> Iterator[str]:
    name = f"{stage.namespace}-node"
    stage.admin.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    yield name
    stage.admin.run("delete", "node", name, "--ignore-not-found")


def ask(stage: Stage, offer: str, name: str) -> None:
    disk = {"enabled": False}
    spec = {"troubleshooterClassName": offer, "logToStdout": True, "nodeSelector": NOWHERE}
    stage.ask(name, saveToDisk=disk, **spec)
    stage.wait_reason(name, "Unschedulable")


def before(seconds: float) -> str:
    """The instant so long ago, as the API writes it."""
    return datetime.fromtimestamp(time.time() - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_container_that_has_not_started_in_ten_minutes(stage: Stage, offer: str, node: str) -> None:
    """They count from when the kubelet took the pod, by the API server's clock."""
    ask(stage, offer, "late")
    PlayedNode(stage.admin, node, before(START_DEADLINE - 15)).accept("late")
    said = stage.wait_reason("late", "StartFailed", kind="Ended", timeout=30)
    assert said["message"] == "The container did not start within 10 minutes"
    status = stage.editor.json("get", "troubleshooter", "late")["status"]
    accepted = stage.admin.json("get", "pod", "late")["status"]["startTime"]
    waited = datetime.fromisoformat(status["endedAt"]) - datetime.fromisoformat(accepted)
    assert START_DEADLINE <= waited.total_seconds() <= START_DEADLINE + 5


def test_a_toolbox_whose_node_is_gone(stage: Stage, offer: str, node: str) -> None:
    """The cluster collects its pod; the reason has the cluster's own words, and no pod stays."""
    ask(stage, offer, "stranded")
    PlayedNode(stage.admin, node, before(30)).run("stranded")
    stage.wait_reason("stranded", "ShellAvailable")
    stage.admin.run("delete", "node", node)
    said = stage.wait_reason("stranded", "PodLost", kind="Ended", timeout=COLLECTED_SECONDS)
    assert said["message"] == "The pod vanished while nobody looked (PodGC: node no longer exists)"
    wait_until(
        lambda: not stage.admin.json("get", "pods")["items"],
        timeout=COLLECTED_SECONDS,
        what="the end of both pods",
    )
