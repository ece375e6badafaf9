"""The run that a claim tells of, where the resource has lost its status; pure.

A restored backup, or an applier that makes a deleted resource anew, brings a spec without a status. What has
run and ended stays ended all the same: the claim has the run written on it.
"""

from typing import Final

from troubleshooter_agent.contract import (
    ANNOTATION_CHAIN,
    ANNOTATION_END,
    ANNOTATION_ENDED_AT,
    ANNOTATION_NAME,
    ANNOTATION_NAMESPACE,
    ANNOTATION_RUN,
    ANNOTATION_STARTED_AT,
    ANNOTATION_UID,
    EndReason,
)
from troubleshooter_operator.claim import UNKNOWN
from troubleshooter_operator.conditions import Recorded, ended, recorded
from troubleshooter_operator.kinds import annotations, name_of
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run
from troubleshooter_operator.world import World

_TOLD: Final = "as its claim tells; this resource has no memory of it"


def earlier_run(asked: Troubleshooter, world: World) -> Run | None:
    """None where the claim is nobody's, another's, or tells of no run that had started."""
    if world.claim is None or world.pod is not None:
        return None
    marks = annotations(world.claim)
    number, started = marks.get(ANNOTATION_RUN, ""), marks.get(ANNOTATION_STARTED_AT)
    if not started or not number.isdecimal() or not _is_about(asked, marks):
        return None
    at, reason = marks.get(ANNOTATION_ENDED_AT, UNKNOWN), marks.get(ANNOTATION_END)
    why = EndReason(reason) if reason in set(EndReason) else EndReason.POD_LOST
    return Run(
        number=int(number),
        started_at=started,
        ended_at=None if at == UNKNOWN else at,
        claim_name=name_of(world.claim),
        chain=marks.get(ANNOTATION_CHAIN),
        ended=ended(why, f"Run {number} had ended before, {_TOLD}"),
        recorded=recorded(Recorded.COMPLETE, f"The recordings of run {number} are on the volume, {_TOLD}"),
    )


def _is_about(asked: Troubleshooter, marks: dict[str, str]) -> bool:
    if marks.get(ANNOTATION_UID) == asked.uid:
        return True
    same = (marks.get(ANNOTATION_NAMESPACE), marks.get(ANNOTATION_NAME)) == (asked.namespace, asked.name)
    return same and asked.applied
