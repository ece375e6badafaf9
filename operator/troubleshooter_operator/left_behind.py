"""What a Troubleshooter that is gone has left: claims and volumes that must tell when its run ended; pure.

No finalizer holds a Troubleshooter back, so this is done after it, from the pods and their last objects, and
from the labels at the operator's start.
"""

from dataclasses import dataclass

from troubleshooter_agent.contract import (
    ANNOTATION_CHAIN,
    ANNOTATION_END,
    ANNOTATION_ENDED_AT,
    ANNOTATION_RUN,
    ANNOTATION_STARTED_AT,
    ANNOTATION_UID,
)
from troubleshooter_operator.actions import Action, DeletePod, PatchClaim, PatchVolume
from troubleshooter_operator.claim import UNKNOWN, Changes
from troubleshooter_operator.endings import Trace, end_run
from troubleshooter_operator.kinds import (
    Json,
    annotations,
    is_deleting,
    lodger_uid,
    metadata,
    name_of,
    owner_uid,
    uid_of,
)
from troubleshooter_operator.run import Run
from troubleshooter_operator.toolbox import toolbox
from troubleshooter_operator.volume import is_retained


@dataclass(frozen=True)
class LeftBehind:
    """Claims and volumes that name the Troubleshooter, its pods, and the last objects of gone ones."""

    claims: tuple[Json, ...]
    volumes: tuple[Json, ...]
    pods: tuple[Json, ...]
    gone: tuple[Json, ...]


def unfinished_owners(left: LeftBehind, living: str | None) -> set[str]:
    """Uids of owners that are no more (all but `living`) and whose end is not told yet."""
    marks = [annotations(thing) for thing in (*left.claims, *left.volumes)]
    untold = {
        mark[ANNOTATION_UID] for mark in marks if ANNOTATION_UID in mark and ANNOTATION_ENDED_AT not in mark
    }
    ours_to_end = {owner_uid(pod) for pod in left.pods if _is_over(pod) or lodger_uid(pod)}
    return (untold | ours_to_end) - {living, ""}


def settle(left: LeftBehind, owner: str, now: float) -> list[Action]:
    """Tell the end of this owner's run, and take a pod away that has ended; nothing while one runs."""
    pods = [pod for pod in left.pods if owner_uid(pod) == owner]
    if any(not _is_over(pod) for pod in pods):
        # No garbage collector takes a pod away whose owner was in another namespace.
        return [_deletion(pod) for pod in pods if lodger_uid(pod) == owner and not is_deleting(pod)]
    last = next((pod for pod in (*left.gone, *pods) if owner_uid(pod) == owner), None)
    told = _told(last, now)
    claims: list[Action] = [
        PatchClaim(str(metadata(claim)["namespace"]), name_of(claim), uid_of(claim), told)
        for claim in left.claims
        if _is_untold(claim, owner)
    ]
    # Only while the volume is kept: nothing but its annotations is ours to change any more.
    volumes: list[Action] = [
        PatchVolume(name_of(volume), {"metadata": {"uid": uid_of(volume), "annotations": told}})
        for volume in left.volumes
        if _is_untold(volume, owner) and is_retained(volume)
    ]
    deletions: list[Action] = [_deletion(pod) for pod in pods if not is_deleting(pod)]
    return claims + volumes + deletions


def _deletion(pod: Json) -> Action:
    return DeletePod(str(metadata(pod)["namespace"]), name_of(pod), uid_of(pod))


def _told(last: Json | None, now: float) -> Changes:
    """From the pod's last object; without one the truth is on the volume alone."""
    box = toolbox(last) if last else None
    if box is None or box.finished is None:
        return {ANNOTATION_ENDED_AT: UNKNOWN}
    over = end_run(Run(number=1), Trace(box, gone=True), now)
    told: Changes = {ANNOTATION_ENDED_AT: over.ended_at, ANNOTATION_CHAIN: over.chain}
    if over.ended is not None:
        told |= {ANNOTATION_END: str(over.ended.reason), ANNOTATION_RUN: box.annotations.get(ANNOTATION_RUN)}
    return told | ({ANNOTATION_STARTED_AT: box.started_at} if box.started_at else {})


def _is_untold(thing: Json, owner: str) -> bool:
    marks = annotations(thing)
    return marks.get(ANNOTATION_UID) == owner and ANNOTATION_ENDED_AT not in marks


def _is_over(pod: Json) -> bool:
    return toolbox(pod).over
