"""The operator is killed at bad moments: the end is the same, and nothing is made twice."""

from typing import Any

import operator_deployment
import pytest
from kubectl import Kubectl, Watch, condition, wait_until
from stage import Stage

pytestmark = [pytest.mark.own_node, pytest.mark.usefixtures("operator")]

END_ANNOTATION = "troubleshooter.sh/end"


def test_killed_while_provisioning(stage: Stage, admin: Kubectl) -> None:
    """As soon as the first of its objects is there: Ready all the same, with one claim and one pod."""
    with stage.admin.watch("pods") as pods, stage.admin.watch("pvc") as claims:
        stage.ask("making")
        wait_until(claims.events, timeout=20, what="the claim")
        killed = operator_deployment.kill(admin)
        assert not is_ready(stage.editor.json("get", "troubleshooter", "making"))
        toolbox = stage.ready("making")
        assert toolbox.run("shell", "-c", "echo works").stdout == b"works\n"
        operator_deployment.wait_until_another_runs(admin, killed)
        assert made(claims, "making") == ["making-recordings"]
        assert made(pods, "making") == ["making"]
    assert stage.volume_of("making-recordings")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_killed_while_ending(stage: Stage, admin: Kubectl) -> None:
    """As soon as it has told the pod why: Ended with that reason, the pod gone, one event, no other pod."""
    with stage.admin.watch("pods") as pods:
        toolbox = stage.start("ending")
        assert toolbox.run("shell", "-c", "echo kept").returncode == 0
        stage.ask("ending", state="Stopped")
        wait_until(lambda: is_told(pods), timeout=20, what="the reason on the pod")
        killed = operator_deployment.kill(admin)
        assert "deletionTimestamp" not in stage.editor.json("get", "pod", "ending")["metadata"]
        assert stage.wait_reason("ending", "Stopped", kind="Ended")["status"] == "True"
        stage.editor.wait_gone("pod", "ending", timeout=30)
        asked = stage.editor.json("get", "troubleshooter", "ending")
        operator_deployment.wait_until_another_runs(admin, killed)
        assert made(pods, "ending") == ["ending"]
    assert condition(asked, "Recorded")["reason"] == "Complete"
    assert asked["status"]["sessionCount"] == 1
    (cast,) = stage.shelf("ending").casts()
    assert cast.shown == "kept\n"
    of_the_run = "--field-selector=involvedObject.kind=Troubleshooter,involvedObject.name=ending"
    events = stage.editor.json("get", "events", of_the_run)["items"]
    ends = [event for event in events if event["message"].startswith("Run ")]
    assert [event["reason"] for event in ends] == ["Stopped"]


def made(watch: Watch, prefix: str) -> list[str]:
    """The names of the objects that were ever there, once for each uid."""
    uids = {seen["metadata"]["uid"]: seen["metadata"]["name"] for _, seen in watch.events()}
    return [name for name in uids.values() if name.startswith(prefix)]


def is_ready(asked: Any) -> bool:
    return bool(condition(asked, "Ready").get("status") == "True")


def is_told(pods: Watch) -> bool:
    return any(END_ANNOTATION in seen["metadata"].get("annotations", {}) for _, seen in pods.events())
