"""Whether the volume of the recordings outlives its claim, and what must be patched so that it does; pure."""

from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.contract import LABEL_RECORDINGS
from troubleshooter_operator.claim import Changes
from troubleshooter_operator.conditions import Condition, RecordingsRetained, retained
from troubleshooter_operator.kinds import Json, labels, metadata, name_of, uid_of

RETAIN: Final = "Retain"


@dataclass(frozen=True)
class Retention:
    """`patch` None: the volume is as it should be, or it is not yet ours to touch."""

    condition: Condition
    patch: Json | None = None


def retention(claim: Json | None, volume: Json | None, changes: Changes) -> Retention:
    """What holds, and the patch that is still wanted. Only a volume bound to this very claim is touched."""
    if claim is None or (claim.get("status") or {}).get("phase") != "Bound":
        return _pending("The claim is not bound yet")
    if volume is None:
        return _pending(f"Volume {claim['spec'].get('volumeName')} has not been seen yet")
    if (volume["spec"].get("claimRef") or {}).get("uid") != uid_of(claim):
        return _pending(
            f"Volume {name_of(volume)} does not belong to claim {name_of(claim)}, so it is left alone"
        )
    return Retention(_observed(volume), retain_patch(volume, changes))


def retain_patch(volume: Json, changes: Changes) -> Json | None:
    """A merge patch; its resourceVersion keeps it off a volume that was bound to another claim meanwhile."""
    wanted: Json = {}
    if changes:
        wanted["annotations"] = changes
    if labels(volume).get(LABEL_RECORDINGS) != "true":
        wanted["labels"] = {LABEL_RECORDINGS: "true"}
    keeps = volume["spec"].get("persistentVolumeReclaimPolicy") == RETAIN
    if keeps and not wanted:
        return None
    wanted["resourceVersion"] = metadata(volume)["resourceVersion"]
    return {"metadata": wanted} | ({} if keeps else {"spec": {"persistentVolumeReclaimPolicy": RETAIN}})


def _observed(volume: Json) -> Condition:
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    if policy == RETAIN:
        return retained(
            RecordingsRetained.RETAINED, f"Volume {name_of(volume)} is kept when its claim is deleted"
        )
    return retained(RecordingsRetained.PENDING, f"Volume {name_of(volume)} still has reclaim policy {policy}")


def _pending(message: str) -> Retention:
    return Retention(retained(RecordingsRetained.PENDING, message))
