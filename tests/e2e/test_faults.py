"""The operator is killed at bad moments: the end is the same, and nothing is made twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import operator_deployment
from kubectl import Kubectl, Watch, condition, wait_until
from stage import Stage

END_ANNOTATION = "troubleshooter.sh/end"


def test_killed_while_provisioning(operator: None, stage: Stage, admin: Kubectl) -> None:
    """As soon as the first of its objects is there: Ready all the same, with one claim and one pod."""
    with (
        stage.admin.watch("pods") as pods,
        stage.admin.watch("pvc") as claims,
        killed_operator(admin) as kill,
    ):
        stage.ask("making")
        wait_until(lambda: claims.events(), timeout=20, what="the claim")
        kill()
        toolbox = stage.ready("making")
        assert toolbox.run("shell", "-c", "echo works").stdout == b"works\n"
        assert made(claims) == ["making-recordings"]
        assert made(pods) == ["making"]
    assert stage.volume_of("making-recordings")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_killed_while_ending(operator: None, stage: Stage, admin: Kubectl) -> None:
    """As soon as it has told the pod why: Ended with that reason, the pod gone, one event, no other pod."""
    with stage.admin.watch("pods") as pods, killed_operator(admin) as kill:
        toolbox = stage.start("ending")
        assert toolbox.run("shell", "-c", "echo kept").returncode == 0
        stage.ask("ending", state="Stopped")
        wait_until(lambda: is_told(pods), timeout=20, what="the reason on the pod")
        kill()
        assert stage.wait_reason("ending", "Stopped", kind="Ended")["status"] == "True"
        stage.editor.wait_gone("pod", "ending", timeout=30)
        asked = stage.editor.wait_for("troubleshooter", "ending", is_settled, timeout=20)
        assert made(pods) == ["ending"]
    assert condition(asked, "Recorded")["reason"] == "Complete"
    assert asked["status"]["sessionCount"] == 1
    (cast,) = stage.shelf("ending").casts()
    assert cast.shown == "kept\n"
    events = stage.editor.json("get", "events", "--field-selector=involvedObject.kind=Troubleshooter")[
        "items"
    ]
    assert [event["reason"] for event in events if event["involvedObject"]["name"] == "ending"] == ["Stopped"]


@contextmanager
def killed_operator(admin: Kubectl) -> "Iterator[Any]":
    """Gives the deed; at the end the operator is back, so that the next test finds it."""
    yield lambda: operator_deployment.kill(admin)
    operator_deployment.wait_until_back(admin)


def made(watch: Watch) -> list[str]:
    """The names of the objects of ours that were ever there, once for each uid."""
    uids = {seen["metadata"]["uid"]: seen["metadata"]["name"] for _, seen in watch.events()}
    return [name for name in uids.values() if name.startswith(("making", "ending"))]


def is_told(pods: Watch) -> bool:
    return any(END_ANNOTATION in seen["metadata"].get("annotations", {}) for _, seen in pods.events())


def is_settled(asked: Any) -> bool:
    return bool(
        condition(asked, "Ready")["reason"] == "Ended" and condition(asked, "Ended")["status"] == "True"
    )
