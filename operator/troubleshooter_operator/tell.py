"""What the pod must be told by its annotations, from where the agent reads it; pure."""

from troubleshooter_agent.contract import ANNOTATION_RETAINED, ANNOTATION_TIME_TO_LIVE, Retained
from troubleshooter_operator.actions import Action, PatchPod
from troubleshooter_operator.kinds import Json, annotations, labels, uid_of
from troubleshooter_operator.pod import pod_labels
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run


def tell(asked: Troubleshooter, run: Run, pod: Json) -> tuple[Action, ...]:
    """The life time in force, that the volume is kept, the labels that we watch by: what is missing of it."""
    wanted: dict[str, str] = {}
    if run.resolved:
        wanted[ANNOTATION_TIME_TO_LIVE] = run.resolved.time_to_live
    if run.retained and run.retained.status:
        wanted[ANNOTATION_RETAINED] = Retained.YES
    notes = _missing(wanted, annotations(pod))
    marks = _missing(pod_labels(asked), labels(pod))
    if not notes and not marks:
        return ()
    return (PatchPod(asked.namespace, asked.pod_name, uid_of(pod), notes, marks),)


def _missing(wanted: dict[str, str], have: dict[str, str]) -> dict[str, str | None]:
    return {name: value for name, value in wanted.items() if have.get(name) != value}
