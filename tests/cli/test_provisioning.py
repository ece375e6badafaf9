"""What is said while a toolbox is on its way: steps, what is under way, what keeps it and the remedy."""

from typing import Any

import pytest
from toolbox_objects import shown

from troubleshooter_cli.provisioning import outlook

STARTED: dict[str, Any] = {"status": {"containerStatuses": [{"state": {"running": {}}}]}}
WAITING: dict[str, Any] = {
    "status": {"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}
}
BOUND: dict[str, Any] = {"recordings": {"claimName": "web-recordings", "persistentVolumeName": "pv-1"}}
DOCTOR = "kubectl troubleshoot doctor"


def test_each_step_is_told_once_it_is_done() -> None:
    provisioning = ("Provisioning", "The pod waits for a node")
    assert outlook(shown(ready=provisioning), None, [], 1).done == ("toolbox web created",)
    assert outlook(shown(ready=provisioning, **BOUND), STARTED, [], 1).done == (
        "toolbox web created",
        "volume pv-1 bound to claim web-recordings",
        "image on the node, container started",
    )
    ready = outlook(shown(**BOUND), STARTED, [], 1)
    assert (ready.is_ready, ready.done[-1]) == (True, "shell available")


def test_a_toolbox_that_saves_nothing_has_no_step_for_a_volume() -> None:
    box = shown(spec={"saveToDisk": {"enabled": False}})
    assert outlook(box, STARTED, [], 1).done == (
        "toolbox web created",
        "image on the node, container started",
        "shell available",
    )


def test_a_status_of_before_the_change_is_not_believed() -> None:
    """Of the run that ended, or of a Ready that speaks of the spec as it was."""
    assert not outlook(shown(seen=0), STARTED, [], 1).is_ready
    again = shown(spec={"run": 2}, seen=0, ended=("Stopped", "It was stopped"), ready=("Ended", "over"))
    assert not outlook(again, None, [], 1).is_hopeless


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("ClassNotFound", f"{DOCTOR} shows the classes that are there; name one with --class"),
        ("NotAllowed", "ask for less or leave it out, or name a class that allows it with --class"),
        ("ClaimNotOurs", "take another claim: kubectl troubleshoot start OTHER --claim OTHER-recordings"),
        ("ImageWithoutAgent", "leave out --image, or name an image that is made from the toolbox image"),
        ("Stopped", "kubectl troubleshoot again web starts the next run"),
    ],
)
def test_what_does_not_mend_itself_ends_the_wait_at_once(reason: str, remedy: str) -> None:
    found = outlook(shown(ready=(reason, "It cannot be")), None, [], 0.1)
    assert (found.is_hopeless, found.trouble, found.remedy) == (True, f"It cannot be ({reason})", remedy)


@pytest.mark.parametrize("reason", ["Unschedulable", "VolumePending", "Forbidden", "PodNameTaken"])
def test_what_may_be_another_step_is_told_once_it_takes_long(reason: str) -> None:
    box = shown(ready=(reason, "It is kept"))
    assert not outlook(box, None, [], 4.9).trouble
    late = outlook(box, None, [], 5.1)
    assert (late.trouble, late.is_hopeless) == (f"It is kept ({reason})", False)
    assert late.remedy


def test_an_image_that_cannot_be_pulled_is_told_at_once_and_waited_for() -> None:
    found = outlook(shown(ready=("ImagePullFailed", "Image x cannot be pulled")), WAITING, [], 0.1)
    assert found.trouble == "Image x cannot be pulled (ImagePullFailed)"
    assert not found.is_hopeless


def test_a_run_that_ended_before_its_shell_is_hopeless() -> None:
    found = outlook(shown(ended=("StartFailed", "It never started"), ready=("Ended", "over")), None, [], 1)
    assert (found.is_hopeless, found.trouble) == (True, "It never started (StartFailed)")
    assert found.remedy == "kubectl troubleshoot again web starts the next run"


def test_a_silent_operator_is_the_doctors_case() -> None:
    box = shown(ready=None, seen=0)
    assert not outlook(box, None, [], 14).trouble
    found = outlook(box, None, [], 16)
    assert found.trouble == "no operator has looked at toolbox web for 16 s"
    assert found.remedy == f"{DOCTOR} shows whether the operator is there"


def test_the_pods_last_event_tells_what_the_operator_does_not() -> None:
    box = shown(ready=("Provisioning", "The volume is being mounted"))
    failed = {"type": "Warning", "reason": "FailedMount", "message": "no such\nvolume"}
    pulling = {"type": "Normal", "reason": "Pulling", "message": "Pulling image"}
    assert not outlook(box, WAITING, [failed], 4).trouble
    assert outlook(box, WAITING, [failed], 6).trouble == "no such volume (FailedMount)"
    later = outlook(box, WAITING, [failed, pulling], 6)
    assert (later.trouble, later.under_way) == ("", "pulling the image")
    assert not outlook(box, STARTED, [failed], 6).trouble
