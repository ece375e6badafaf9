"""The lives of Replays in a real API server, with the operator's own rights; the node is played."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import node_parts
import pytest
from api_client import client_of
from control_plane import ControlPlane
from kubectl import Kubectl, condition, wait_until
from operator_process import running_operator
from played_node import PlayedNode
from policed import TEAM, pod, policed_plane
from resource_objects import FAREWELL
from stage import replay, troubleshooter

WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class Scene:
    """Bob edits the namespace; `node` plays what runs his pods there."""

    plane: ControlPlane
    node: PlayedNode

    @property
    def admin(self) -> Kubectl:
        return self.node.admin

    @property
    def bob(self) -> Kubectl:
        return self.plane.user("bob").in_namespace(TEAM)

    def ask(self, name: str, **spec: Any) -> None:
        self.bob.apply(replay(name, spec))

    def wait(self, name: str, kind: str, reason: str) -> Any:
        """The Replay once that condition has this reason."""
        return self.bob.wait_for(
            "replay",
            name,
            lambda found: condition(found, kind).get("reason") == reason,
            timeout=WAIT_SECONDS,
            what=f"{kind} with reason {reason} of {name}",
        )

    def read(self, name: str, **spec: Any) -> Any:
        """The Replay once its pod runs."""
        self.ask(name, **spec)
        self.node.run(name)
        return self.wait(name, "Ready", "ReplayAvailable")

    def end(self, name: str, message: str) -> None:
        """Its agent ends by itself, and the operator deletes the pod."""
        with client_of(self.admin.kubeconfig) as api:
            node_parts.end(api, self.admin.json("get", "pod", name), message)
        wait_until(
            lambda: self.admin.get("pod", name) is None, timeout=WAIT_SECONDS, what=f"an end of {name}"
        )

    def go(self, name: str) -> None:
        """Somebody wants its pod gone, and the kubelet lets it go."""
        self.admin.wait_for(
            "pod", name, lambda found: "deletionTimestamp" in found["metadata"], timeout=WAIT_SECONDS
        )
        with client_of(self.admin.kubeconfig) as api:
            node_parts.remove(api, self.admin.json("get", "pod", name))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """In it Troubleshooter `web` of bob's has recorded, ended, and is gone."""
    with policed_plane(tmp_path_factory.mktemp("plane")) as plane:
        for node in ("pretend", "other"):
            plane.admin.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
        scene = Scene(plane, PlayedNode(plane.admin.in_namespace(TEAM)))
        with running_operator(plane, tmp_path_factory.mktemp("operator") / "log"):
            record(scene, "web")
            yield scene


def record(scene: Scene, name: str) -> None:
    wait_until(
        lambda: not scene.bob.attempt("auth", "can-i", "create", "replays").returncode,
        timeout=WAIT_SECONDS,
        what="roles",
    )
    scene.bob.apply(troubleshooter(name, {}))
    scene.node.bind(f"{name}-recordings")
    scene.node.run(name)
    scene.bob.wait_condition("troubleshooter", name, "Ready", timeout=WAIT_SECONDS)
    scene.end(name, FAREWELL)
    scene.bob.run("delete", "troubleshooter", name)


def test_from_the_request_to_its_end_by_itself(scene: Scene) -> None:
    """The Troubleshooter is gone; what it recorded is read under its name."""
    found = scene.read("look", troubleshooterName="web")
    status = found["status"]
    volume = scene.admin.json("get", "pvc", "web-recordings")["spec"]["volumeName"]
    assert {
        name: status[name] for name in ("podName", "claimName", "persistentVolumeName", "recordingsOf")
    } == {
        "podName": "look",
        "claimName": "web-recordings",
        "persistentVolumeName": volume,
        "recordingsOf": "team/web",
    }
    assert condition(found, "Ended") | {"reason": "Running", "status": "False"} == condition(found, "Ended")
    scene.end("look", FAREWELL)
    gone = "the Replay gone, an hour after the end that its node tells"
    wait_until(lambda: scene.admin.get("replay", "look") is None, timeout=WAIT_SECONDS, what=gone)
    events = scene.admin.json("get", "events", "--field-selector=involvedObject.kind=Replay")["items"]
    told = {each["reason"]: each["message"] for each in events if each["involvedObject"]["name"] == "look"}
    assert (
        told["IdleTimeout"] == "Replay ended: Nobody read in the Replay for its idle time-out (idle for 15m)"
    )
    assert told["ReplayAvailable"].startswith(
        "Ready: List the recordings with: kubectl exec -it -n team look -- "
    )


def test_who_asked_is_known_and_told_on_the_pod(scene: Scene) -> None:
    """Once the policies that see to it count, ten seconds after they were made."""
    wait_until(lambda: ask_by_name(scene) == "bob", timeout=40, what="a requester that is believed", every=1)


def ask_by_name(scene: Scene) -> str:
    mine = replay("mine", {"claimName": "web-recordings"})
    mine["metadata"]["annotations"] = {"troubleshooter.sh/requested-by": "bob"}
    scene.bob.run("delete", "replay", "mine", "--ignore-not-found")
    scene.bob.apply(mine)
    made = scene.admin.wait_for("pod", "mine", lambda _: True, timeout=WAIT_SECONDS)
    return str(made["metadata"]["annotations"]["troubleshooter.sh/requested-by"])


def test_recordings_that_come_later_are_found_at_once(scene: Scene) -> None:
    scene.ask("early", troubleshooterName="later")
    early = scene.wait("early", "Ready", "RecordingsNotFound")
    assert condition(early, "Ready")["message"].startswith(
        "There is no claim later-recordings of recordings in "
    )
    record(scene, "later")
    scene.admin.wait_for("pod", "early", lambda _: True, timeout=WAIT_SECONDS)


def test_a_volume_that_is_bound_again_is_read_by_its_name(scene: Scene) -> None:
    """As bind-recordings.sh does it: the claim is another one, the recordings are the same."""
    record(scene, "moved")
    claim = scene.admin.json("get", "pvc", "moved-recordings")
    volume = claim["spec"]["volumeName"]
    scene.ask("moved-look", persistentVolumeName="not-there")
    message = condition(scene.wait("moved-look", "Ready", "RecordingsNotFound"), "Ready")["message"]
    assert message.endswith("deploy/scripts/bind-recordings.sh not-there team")
    found = scene.read("by-volume", persistentVolumeName=volume)
    assert (found["status"]["claimName"], found["status"]["recordingsOf"]) == (
        "moved-recordings",
        "team/moved",
    )


def test_a_toolbox_writes_where_a_replay_reads(scene: Scene) -> None:
    record(scene, "busy")
    scene.read("busy-look", troubleshooterName="busy")
    scene.bob.apply(troubleshooter("busy", {}))
    scene.node.run("busy")
    scene.bob.wait_condition("troubleshooter", "busy", "Ready", timeout=WAIT_SECONDS)


def test_a_toolbox_on_another_node_goes_first(scene: Scene) -> None:
    """Its volume can be on one node at a time."""
    record(scene, "far")
    scene.read("far-look", troubleshooterName="far")
    scene.bob.apply(troubleshooter("far", {}))
    PlayedNode(scene.admin, node="other").accept("far")
    scene.go("far-look")
    ended = condition(scene.wait("far-look", "Ended", "Stopped"), "Ended")
    assert ended["message"].startswith(
        "The Replay has made way for a toolbox that is to start on another node"
    )


def test_one_that_is_deleted_takes_its_pod_with_it(scene: Scene) -> None:
    scene.read("brief", claimName="web-recordings")
    scene.bob.run("delete", "replay", "brief")
    scene.go("brief")
    assert scene.admin.get("pvc", "web-recordings") is not None


def test_a_pod_that_is_deleted_ends_it_for_good(scene: Scene) -> None:
    scene.read("cut", claimName="web-recordings")
    scene.bob.run("delete", "pod", "cut", "--wait=false")
    scene.go("cut")
    over = scene.wait("cut", "Ended", "PodDeleted")
    assert condition(over, "Ready")["reason"] == "Ended"
    assert scene.admin.get("pod", "cut") is None


def test_a_pod_of_that_name_is_left_alone(scene: Scene) -> None:
    scene.bob.apply(pod("taken"))
    scene.ask("taken", claimName="web-recordings")
    assert condition(scene.wait("taken", "Ready", "PodNameTaken"), "Ready")["message"] == (
        "Pod taken exists and belongs to somebody else, so it is left alone; delete it, or make the Replay "
        "with another name"
    )
