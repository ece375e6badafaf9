"""What is said of a volume that the operator may not change: the namespaced mode has no right on volumes."""

from typing import Any

import pytest
from resource_objects import NOW, claim, offer, pod, run_status, running, troubleshooter, volume

from troubleshooter_operator.actions import PatchPod, PatchVolume
from troubleshooter_operator.plan import plan
from troubleshooter_operator.reclaim import Reclaim, judged, reclaim
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.world import World

MADE = {"volume.kubernetes.io/storage-provisioner": "rancher.io/local-path"}
REMEDY = (
    "an administrator can use a StorageClass with reclaimPolicy Retain, or let the operator read "
    "persistentvolumes"
)


def storage_class(policy: str | None) -> dict[str, Any]:
    found = {"metadata": {"name": "fast"}, "provisioner": "rancher.io/local-path"}
    return found | ({"reclaimPolicy": policy} if policy else {})


@pytest.mark.parametrize(
    ("marks", "seen", "kind", "expected"),
    [
        (MADE, volume(), storage_class("Delete"), Reclaim("Retain", "volume pv-1 says so")),
        (MADE, None, storage_class("Retain"), Reclaim("Retain", "StorageClass fast makes such volumes")),
        (MADE, None, storage_class("Delete"), Reclaim("Delete", "StorageClass fast makes such volumes")),
        (MADE, None, storage_class(None), Reclaim("Delete", "StorageClass fast makes such volumes")),
        (
            {},
            None,
            storage_class("Retain"),
            Reclaim(None, "volume pv-1 may not be read, and StorageClass fast did not make it"),
        ),
        (MADE, None, None, Reclaim(None, "the operator may read neither volume pv-1 nor its StorageClass")),
        (
            MADE,
            volume(claim_uid="another"),
            None,
            Reclaim(None, "volume pv-1 does not belong to claim web-recordings"),
        ),
    ],
)
def test_the_volume_itself_is_believed_before_its_storage_class(
    marks: dict[str, str], seen: Any, kind: Any, expected: Reclaim
) -> None:
    """A StorageClass says nothing of a volume that was there before: an administrator made that one."""
    assert reclaim(claim(annotations=marks), seen, kind) == expected


@pytest.mark.parametrize(
    ("found", "reason", "sentence"),
    [
        (
            Reclaim("Retain", "volume pv-1 says so"),
            "Retained",
            "The volume is kept when its claim is deleted: volume pv-1 says so",
        ),
        (
            Reclaim("Delete", "StorageClass fast makes such volumes"),
            "NotPermitted",
            (
                "The volume goes with its claim (reclaim policy Delete: StorageClass fast makes such "
                f"volumes), and the operator may not change that; {REMEDY}"
            ),
        ),
        (
            Reclaim(None, "nobody tells"),
            "NotPermitted",
            f"Whether the volume is kept is not known: nobody tells; {REMEDY}",
        ),
    ],
)
def test_the_condition_says_who_told_it_and_what_to_do(found: Reclaim, reason: str, sentence: str) -> None:
    assert (judged(found).reason, judged(found).message) == (reason, sentence)


def attended(found: Reclaim, *, require_retain: bool) -> Any:
    """A look at a running toolbox whose volume the operator knows by hearsay only."""
    status = run_status()
    status["resolved"] = status["resolved"] | {"requireRetain": require_retain}
    world = World(classes=(offer(),), pod=pod(running()), claim=claim(), reclaim=found)
    return plan(parse(troubleshooter(status=status)), world, NOW)


def told(planned: Any) -> Any:
    patches = [action for action in planned.before if isinstance(action, PatchPod)]
    return patches[0].annotations.get("troubleshooter.sh/recordings-retained") if patches else None


@pytest.mark.parametrize(
    ("policy", "require_retain", "word", "reason"),
    [
        ("Retain", True, "yes", "Retained"),
        ("Delete", False, "not-permitted", "NotPermitted"),
        (None, False, "not-permitted", "NotPermitted"),
        ("Delete", True, None, "NotPermitted"),
    ],
)
def test_the_agent_is_told_what_is_known_unless_the_class_wants_a_kept_volume(
    policy: str | None, require_retain: object, word: str | None, reason: str
) -> None:
    """Where Retain is required and not known, the agent hears nothing, and so opens no shell."""
    planned = attended(Reclaim(policy, "so it is"), require_retain=bool(require_retain))
    assert planned.run.retained.reason == reason
    assert told(planned) == word


def test_a_volume_that_is_not_ours_to_change_is_not_patched() -> None:
    planned = attended(Reclaim("Delete", "so it is"), require_retain=True)
    assert not [action for action in planned.before if isinstance(action, PatchVolume)]
    assert planned.run.volume_name == "pv-1"
    assert planned.run.reclaim_policy == "Delete"
