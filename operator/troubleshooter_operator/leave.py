"""The way out of a pod that still runs, for toolboxes and Replays alike; pure.

Say why on the pod, let the agent see it, then delete the pod; nothing ever waits here.
"""

from typing import Final

from troubleshooter_agent.contract import ANNOTATION_END
from troubleshooter_operator.actions import Action, DeletePod, PatchPod
from troubleshooter_operator.conditions import Ready, ready
from troubleshooter_operator.kinds import Json, metadata, name_of
from troubleshooter_operator.run import Run
from troubleshooter_operator.toolbox import Toolbox
from troubleshooter_operator.world import Plan

TELL_SECONDS: Final = 3.0  # that the agent has to see why it ends
TELL_STEP_SECONDS: Final = 0.5
# How soon to look again at a pod that is going: without its labels no watch tells when it is gone.
GOING_SECONDS: Final = 10.0


def leave(
    run: Run, pod: Json, box: Toolbox, before: tuple[Action, ...], *, told: bool, what: str, now: float
) -> Plan:
    """`before` is done in any case; `told`: the agent knows why; `what` ends, as people call it."""
    condition = ready(Ready.ENDED, f"The {what} is ending: {run.ending}")
    if box.deleting or run.ending is None:
        return Plan(run, condition, before=before, look_again=now + GOING_SECONDS, unbegun=run)
    namespace, name = str(metadata(pod)["namespace"]), name_of(pod)
    if box.annotations.get(ANNOTATION_END) != run.ending:
        say = PatchPod(namespace, name, box.uid, {ANNOTATION_END: str(run.ending)}, {})
        before = (say, *before)
    if box.running and not told:
        return Plan(run, condition, before=before, look_again=now + TELL_STEP_SECONDS, unbegun=run)
    delete = DeletePod(namespace, name, box.uid)
    again = now + GOING_SECONDS
    return Plan(run, condition, before=before, after=(delete,), look_again=again, unbegun=run)


def has_seen(told_to_end_at: float | None, now: float) -> bool:
    """Whether the agent had its time to see the annotation end."""
    return told_to_end_at is not None and now - told_to_end_at >= TELL_SECONDS
