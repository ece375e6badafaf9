"""Stopped, started again, deleted, made again: recordings stay, and each run finds the volume of the last."""

from typing import Any

import pytest
from kubectl import condition
from stage import Stage

pytestmark = pytest.mark.usefixtures("operator")

GRACE_SECONDS = 30


def test_a_second_run_has_a_second_pod_on_the_same_volume(stage: Stage) -> None:
    """Stopped by the spec, told in the terminal; run 2 goes on where the recordings of run 1 are."""
    first = stage.start("twice")
    with first.prompt() as terminal:
        terminal.sendline("echo in the $((1))st run")
        terminal.expect("in the 1st run")
        first_uid = first.pod["metadata"]["uid"]
        stage.ask("twice", state="Stopped")
        assert terminal.wait() == 124
    assert b"this toolbox has ended: stopped" in terminal.shown
    assert stage.wait_reason("twice", "Stopped", kind="Ended")["status"] == "True"
    stage.editor.wait_gone("pod", "twice", timeout=GRACE_SECONDS)
    second = stage.start("twice", run=2)
    assert second.pod["metadata"]["uid"] != first_uid
    assert second.run("shell", "-c", "echo in the 2nd run").returncode == 0
    one, two = stage.shelf("twice").casts()
    assert ("in the 1st run" in one.shown, one.header["troubleshooter"]["run"]) == (True, 1)
    assert ("in the 2nd run" in two.shown, two.header["troubleshooter"]["run"]) == (True, 2)
    assert stage.editor.json("get", "troubleshooter", "twice")["status"]["run"] == 2


def test_running_alone_does_not_start_an_ended_run_again(stage: Stage) -> None:
    """Stopped and set to Running again, the run stays ended, and says what starts the next one."""
    stage.start("once")
    stage.ask("once", state="Stopped")
    stage.wait_reason("once", "Stopped", kind="Ended")
    stage.editor.wait_gone("pod", "once", timeout=GRACE_SECONDS)
    stage.ask("once", state="Running")
    asked = stage.editor.wait_for("troubleshooter", "once", is_up_to_date, timeout=20)
    ready = condition(asked, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "Ended")
    assert "spec.run: 2" in ready["message"]
    assert stage.editor.get("pod", "once") is None


def test_created_stopped_makes_no_pod_until_it_is_running(stage: Stage) -> None:
    """Prepared for later, then started."""
    stage.ask("prepared", state="Stopped")
    assert stage.wait_reason("prepared", "Stopped")["status"] == "False"
    assert stage.editor.get("pod", "prepared") is None
    assert stage.editor.get("pvc", "prepared-recordings") is None
    assert stage.start("prepared", state="Running").run("shell", "-c", "exit 0").returncode == 0


def test_deleting_ends_politely_and_keeps_the_recordings(stage: Stage) -> None:
    """The pod goes in its grace period, claim and recordings stay; made again at once it works."""
    toolbox = stage.start("deleted")
    with toolbox.prompt() as terminal:
        stage.editor.run("delete", "troubleshooter", "deleted", "--wait=false")
        assert terminal.wait(timeout=GRACE_SECONDS) == 124
    assert b"this toolbox has ended: pod deleted" in terminal.shown
    again = stage.start("deleted")
    assert again.run("shell", "-c", "echo again").returncode == 0
    one, two = stage.shelf("deleted").casts()
    assert terminal.shown == one.cat() + b"command terminated with exit code 124\r\n"
    assert one.markers[-1] == "session ended: pod deleted"
    assert two.shown == "again\n"


def test_after_a_deletion_the_claim_stays_alone(stage: Stage) -> None:
    """Nothing else is left; the volume is retained, and says whose it was and when it ended."""
    toolbox = stage.start("gone", purpose="To be forgotten")
    assert toolbox.run("shell", "-c", "echo kept").returncode == 0
    stage.editor.run("delete", "troubleshooter", "gone", "--wait=false")
    stage.editor.wait_gone("pod", "gone", timeout=GRACE_SECONDS)
    stage.editor.wait_gone("troubleshooter", "gone", timeout=GRACE_SECONDS)
    stage.editor.wait_for("pvc", "gone-recordings", has_an_end, timeout=20)
    volume = stage.volume_of("gone-recordings")
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["metadata"]["annotations"]["troubleshooter.sh/purpose"] == "To be forgotten"
    (cast,) = stage.shelf("gone").casts()
    assert cast.shown == "kept\n"


def test_a_claim_that_is_not_ours_is_left_alone(stage: Stage) -> None:
    """Without our label it is not mounted; with it, it is used."""
    stage.editor.apply(FOREIGN_CLAIM)
    stage.ask("guest", saveToDisk={"claimName": "somebodys"})
    ready = stage.wait_reason("guest", "ClaimNotOurs")
    assert "somebodys" in ready["message"]
    assert "troubleshooter.sh/recordings=true" in ready["message"]
    assert stage.editor.get("pod", "guest") is None
    assert not [name for name in annotations(stage, "somebodys") if name.startswith("troubleshooter.sh/")]
    stage.editor.run("label", "pvc", "somebodys", "troubleshooter.sh/recordings=true")
    assert stage.ready("guest").run("shell", "-c", "exit 0").returncode == 0


FOREIGN_CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: somebodys}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 16Mi}}
"""


def annotations(stage: Stage, claim: str) -> dict[str, str]:
    found: dict[str, str] = stage.editor.json("get", "pvc", claim)["metadata"].get("annotations", {})
    return found


def is_up_to_date(asked: Any) -> bool:
    return bool(asked["status"]["observedGeneration"] == asked["metadata"]["generation"])


def has_an_end(claim: Any) -> bool:
    return "troubleshooter.sh/ended-at" in claim["metadata"]["annotations"]
