"""Whether the volume of the recordings outlives its claim, and what must be patched so that it does; pure."""

from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_RETAINED_BY, LABEL_RECORDINGS, RetainedBy
from troubleshooter_operator.claim import Changes
from troubleshooter_operator.conditions import Condition, RecordingsRetained, retained
from troubleshooter_operator.kinds import Json, annotations, labels, metadata, name_of, uid_of

RETAIN: Final = "Retain"
_HOW: Final = {
    RetainedBy.OPERATOR: "the operator has set its reclaim policy to Retain",
    RetainedBy.POLICY: "an admission policy gave it the reclaim policy Retain when it was made",
}
_MADE_SO: Final = "it was given the reclaim policy Retain by its StorageClass, or by hand"


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
    keeps = is_retained(volume)
    if notes := changes | ({} if keeps else {ANNOTATION_RETAINED_BY: RetainedBy.OPERATOR.value}):
        wanted["annotations"] = notes
    if labels(volume).get(LABEL_RECORDINGS) != "true":
        wanted["labels"] = {LABEL_RECORDINGS: "true"}
    if keeps and not wanted:
        return None
    wanted["resourceVersion"] = metadata(volume)["resourceVersion"]
    return {"metadata": wanted} | ({} if keeps else {"spec": {"persistentVolumeReclaimPolicy": RETAIN}})


def is_retained(volume: Json) -> bool:
    return bool(volume["spec"].get("persistentVolumeReclaimPolicy") == RETAIN)


def _observed(volume: Json) -> Condition:
    policy = volume["spec"].get("persistentVolumeReclaimPolicy")
    if policy == RETAIN:
        return retained(
            RecordingsRetained.RETAINED,
            f"Volume {name_of(volume)} is kept when its claim is deleted: {_how(volume)}",
        )
    return retained(RecordingsRetained.PENDING, f"Volume {name_of(volume)} still has reclaim policy {policy}")


def _how(volume: Json) -> str:
    found = annotations(volume).get(ANNOTATION_RETAINED_BY)
    return _HOW[RetainedBy(found)] if found in set(RetainedBy) else _MADE_SO


def _pending(message: str) -> Retention:
    return Retention(retained(RecordingsRetained.PENDING, message))
