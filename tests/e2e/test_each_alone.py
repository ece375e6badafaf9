"""Agent, operator, kubelet and clocks are cut off from each other: each ends the toolbox all the same."""

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import harness
import operator_deployment
import pytest
import wrong_clock
from blocked_port import blocked
from containers import container_of, init_of
from handwritten import IMAGE
from kubectl import Kubectl, Watch, condition, wait_until
from operator_process import USER, process_of, write_account
from stage import Stage, new_editor, new_namespace
from toolbox import Toolbox

pytestmark = [pytest.mark.own_node, pytest.mark.timing, pytest.mark.usefixtures("operator")]

METRICS_PORT = 9464
ASKED_AGAIN_SECONDS = 30
END_SECONDS = 100
CAPPED_SECONDS = 5
READY_WITHIN = 5  # the idle clock starts when the toolbox is ready, a moment after its container
END_ANNOTATION = "troubleshooter.sh/end"
AHEAD, BEHIND = 3600, -3600


@dataclass(frozen=True)
class Scene:
    """Toolboxes of a minute. Nobody watches `alone`; operators with wrong clocks watch the other stages."""

    alone: Stage
    stages: dict[int, Stage]
    pods: dict[int, Watch]
    frozen: dict[int, int]


@pytest.fixture(scope="module")
def scene(
    stage: Stage, admin: Kubectl, cluster: harness.Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    for name, spec in (("stuck", {}), ("lost", {}), ("idle", {"idleTimeout": "1m"})):
        stage.ask(name, **spec)
    for name in ("stuck", "lost", "idle"):
        stage.ready(name)
    with ExitStack() as stack:
        offer = stack.enter_context(class_without_retention(admin, f"{stage.namespace}-each-alone"))
        stack.enter_context(operator_deployment.absent(admin))
        freeze(stage, "stuck")
        cap(stage, "stuck")
        stage.admin.run("delete", "pod", "lost", "--force", "--grace-period=0")
        stages, pods = {}, {}
        for offset in (AHEAD, BEHIND):
            folder = tmp_path_factory.mktemp("operator")
            name = stack.enter_context(new_namespace(admin))
            editor = new_editor(cluster, admin, name, "alice")
            stages[offset] = Stage(name, admin.in_namespace(name), editor, folder)
            pods[offset] = stack.enter_context(stages[offset].admin.watch("pods", "--show-managed-fields"))
            stack.enter_context(watching(stages[offset], folder, offset))
            stages[offset].ask("idle", idleTimeout="1m", troubleshooterClassName=offer)
            stages[offset].ask("frozen", timeToLive="1m", troubleshooterClassName=offer)
        frozen = {offset: freeze(found, "frozen") for offset, found in stages.items()}
        yield Scene(stage, stages, pods, frozen)


@contextmanager
def class_without_retention(admin: Kubectl, name: str) -> Iterator[str]:
    """For operators of one namespace, which do not keep these volumes: a shell opens all the same."""
    spec = {
        "images": {"default": IMAGE, "allowed": [IMAGE]},
        "security": {"fsGroup": 10001},
        "recording": {"requireRetain": False},
    }
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    admin.apply({**kind, "metadata": {"name": name}, "spec": spec})
    try:
        yield name
    finally:
        admin.run("delete", "troubleshooterclass", name)


@contextmanager
def watching(stage: Stage, folder: Path, offset: int) -> Iterator[None]:
    """An operator for this namespace alone, whose clock is wrong by so much."""
    # By a clock that is behind, the certificates of this new cluster do not hold yet.
    account = write_account(stage.admin, folder, verify=offset >= 0)
    only = f"--watch-namespaces={stage.namespace}"
    environment = wrong_clock.environment(offset, folder)
    with process_of(account.kubeconfig, folder / "operator.log", [only], environment):
        yield


def freeze(stage: Stage, name: str) -> int:
    """PID 1 of the toolbox, which has stopped to do anything."""
    agent = init_of(container_of(stage.ready(name).pod))
    os.kill(agent, signal.SIGSTOP)
    return agent


def cap(stage: Stage, name: str) -> None:
    """Let the kubelet's deadline of that pod come soon: it may be lowered, never raised."""
    began = seconds(stage.admin.json("get", "pod", name)["status"]["startTime"])
    deadline = {"spec": {"activeDeadlineSeconds": int(time.time() - began) + CAPPED_SECONDS}}
    stage.admin.run("patch", "pod", name, f"--patch={json.dumps(deadline)}", f"--as={USER}")


def test_reports_that_never_come_change_nothing_in_the_end(
    stage: Stage, admin: Kubectl, cluster: harness.Cluster
) -> None:
    """The agent's port is blocked for the operator all the time: same reason, sessions and hashes."""
    heard = stage.start("heard")
    (operator,) = operator_deployment.pods(admin)
    source, open_to = operator["status"]["podIP"], heard.pod["status"]["podIP"]
    with blocked(cluster, METRICS_PORT, source=source, but_for=open_to) as block:
        unheard = stage.start("unheard")
        for toolbox in (heard, unheard):
            work_in(toolbox)
        before = block.dropped()
        wait_until(lambda: block.dropped() > before, timeout=ASKED_AGAIN_SECONDS, what="a dropped question")
        stage.editor.wait_for("troubleshooter", "heard", has_sessions, timeout=ASKED_AGAIN_SECONDS)
        assert not has_sessions(stage.editor.json("get", "troubleshooter", "unheard"))
        for toolbox in (heard, unheard):
            stage.ask(toolbox.name, state="Stopped")
        expected = ("Stopped", "Complete", [("alice", 3), ("alice", 0)])
        assert [end_of(stage, name) for name in ("heard", "unheard")] == [expected, expected]


def test_agent_alone_ends_an_idle_toolbox(scene: Scene) -> None:
    """No operator runs for it."""
    stage = scene.alone
    state = ended_container(stage, "idle")
    assert seconds(state["finishedAt"]) - seconds(state["startedAt"]) == pytest.approx(60, abs=READY_WITHIN)
    assert condition(stage.editor.get("troubleshooter", "idle"), "Ready")["status"] == "True"


def test_kubelet_alone_ends_a_toolbox_whose_agent_stands_still(scene: Scene) -> None:
    """No operator runs for it, and PID 1 does not even hear SIGTERM: the kubelet kills 30 s after its cap."""
    stage = scene.alone
    ended_container(stage, "stuck")
    pod = stage.editor.json("get", "pod", "stuck")
    assert pod["status"]["reason"] == "DeadlineExceeded"
    assert condition(stage.editor.get("troubleshooter", "stuck"), "Ready")["status"] == "True"


@pytest.mark.parametrize(
    ("name", "reason", "recorded"),
    [
        ("idle", "IdleTimeout", "Complete"),
        ("stuck", "TimeToLiveReached", "Truncated"),
        ("lost", "PodLost", "Truncated"),
    ],
)
def test_the_operator_that_comes_later_tells_why(
    returned: Stage, name: str, reason: str, recorded: str
) -> None:
    """Also of a pod that is gone; what was not seen is said to be uncertain."""
    returned.wait_reason(name, reason, kind="Ended")
    asked = returned.editor.json("get", "troubleshooter", name)
    assert condition(asked, "Recorded")["reason"] == recorded
    returned.editor.wait_gone("pod", name, timeout=30)


@pytest.fixture(scope="module")
def returned(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An operator works again where none did, and finds what has ended meanwhile."""
    ends = {name: ended_container(scene.alone, name)["finishedAt"] for name in ("idle", "stuck")}
    with watching(scene.alone, tmp_path_factory.mktemp("later"), 0):
        yield scene.alone
        for name, finished in ends.items():
            assert scene.alone.editor.json("get", "troubleshooter", name)["status"]["endedAt"] == finished


@pytest.mark.parametrize("offset", [AHEAD, BEHIND], ids=["ahead", "behind"])
def test_operator_alone_ends_in_time_by_a_wrong_clock(scene: Scene, offset: int) -> None:
    """PID 1 stands still; 5 s after its deadline, and no hour sooner or later, the operator ends the pod."""
    stage, watch = scene.stages[offset], scene.pods[offset]
    wait_until(lambda: is_deleted(watch), timeout=END_SECONDS, what="the end by the operator")
    os.kill(scene.frozen[offset], signal.SIGCONT)  # else the kubelet waits 30 s before it kills
    stage.wait_reason("frozen", "TimeToLiveReached", kind="Ended")
    stage.editor.wait_gone("pod", "frozen", timeout=30)
    status = stage.editor.json("get", "troubleshooter", "frozen")["status"]
    assert seconds(status["expiresAt"]) - seconds(status["startedAt"]) == 60
    assert told_at(watch) - seconds(status["expiresAt"]) == pytest.approx(5, abs=2)


@pytest.mark.parametrize("offset", [AHEAD, BEHIND], ids=["ahead", "behind"])
def test_idleness_ends_in_time_under_an_operator_with_a_wrong_clock(scene: Scene, offset: int) -> None:
    """A minute after its start, and every instant in the status is of the right hour."""
    stage = scene.stages[offset]
    stage.wait_reason("idle", "IdleTimeout", kind="Ended", timeout=END_SECONDS)
    asked = stage.editor.json("get", "troubleshooter", "idle")
    status, made = asked["status"], seconds(asked["metadata"]["creationTimestamp"])
    assert seconds(status["endedAt"]) - seconds(status["startedAt"]) == pytest.approx(60, abs=READY_WITHIN)
    changes = [seconds(each["lastTransitionTime"]) - made for each in status["conditions"]]
    assert all(-1 <= change < END_SECONDS for change in changes), changes


def ended_container(stage: Stage, name: str) -> Any:
    """How the toolbox's container has ended without an operator."""
    pod = stage.editor.wait_for(
        "pod", name, lambda pod: pod["status"]["phase"] in {"Succeeded", "Failed"}, timeout=END_SECONDS
    )
    return pod["status"]["containerStatuses"][0]["state"]["terminated"]


def is_deleted(watch: Watch) -> bool:
    return any("deletionTimestamp" in pod["metadata"] for pod in frozen_pods(watch))


def told_at(watch: Watch) -> float:
    """When the operator wrote on the pod why it ends, by the API server's clock."""
    entries = [entry for pod in frozen_pods(watch) for entry in pod["metadata"]["managedFields"]]
    return next(seconds(entry["time"]) for entry in entries if f"f:{END_ANNOTATION}" in annotated(entry))


def annotated(entry: Any) -> Any:
    return entry["fieldsV1"].get("f:metadata", {}).get("f:annotations", {})


def frozen_pods(watch: Watch) -> list[Any]:
    return [pod for _, pod in watch.events() if pod["metadata"]["name"] == "frozen"]


def seconds(instant: str) -> float:
    """An instant of the API server in seconds since the epoch."""
    return datetime.fromisoformat(instant).timestamp()


def work_in(toolbox: Toolbox) -> None:
    assert toolbox.run("shell", "-c", "echo one").returncode == 0
    assert toolbox.run("shell", "-c", "echo two; exit 3").returncode == 3


def has_sessions(asked: Any) -> bool:
    return len(asked["status"].get("sessions", [])) == 2


def end_of(stage: Stage, name: str) -> tuple[str, str, list[tuple[str, int]]]:
    """Reason, what is known of the recordings, and users with exit codes; each hash is that of the file."""
    stage.editor.wait_condition("troubleshooter", name, "Ended", timeout=60)
    stage.editor.wait_gone("pod", name, timeout=30)
    asked = stage.editor.json("get", "troubleshooter", name)
    sessions = asked["status"]["sessions"]
    hashes = {session["id"]: session["sha256"] for session in sessions}
    casts = stage.shelf(name).casts()
    assert hashes == {cast.id: hashlib.sha256(cast.path.read_bytes()).hexdigest() for cast in casts}
    told = stage.volume_of(f"{name}-recordings")["metadata"]["annotations"]["troubleshooter.sh/chain"]
    assert told == chain_of([session["sha256"] for session in reversed(sessions)])  # newest first
    work = [(session["user"], session["exitCode"]) for session in sessions]
    return condition(asked, "Ended")["reason"], condition(asked, "Recorded")["reason"], work


def chain_of(hashes: list[str]) -> str:
    chain = ""
    for sha256 in hashes:
        chain = hashlib.sha256((chain + sha256).encode()).hexdigest()
    return chain
