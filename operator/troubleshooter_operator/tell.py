"""What the pod must be told by its annotations, from where the agent reads it; pure."""

from typing import Final

from troubleshooter_agent.contract import (
    ANNOTATION_ACCESS_GROUPS,
    ANNOTATION_ACCESS_USERS,
    ANNOTATION_EXTENSION,
    ANNOTATION_REQUESTED_BY,
    ANNOTATION_RETAINED,
    ANNOTATION_TIME_TO_LIVE,
    Retained,
)
from troubleshooter_operator.actions import Action, PatchPod
from troubleshooter_operator.conditions import RecordingsRetained
from troubleshooter_operator.identity import identity_annotations
from troubleshooter_operator.kinds import Json, annotations, labels, metadata, name_of, uid_of
from troubleshooter_operator.pod import access_annotations, pod_labels
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run
from troubleshooter_operator.temporary import bind_people
from troubleshooter_operator.world import World

_PEOPLE: Final = frozenset({ANNOTATION_REQUESTED_BY, ANNOTATION_ACCESS_USERS, ANNOTATION_ACCESS_GROUPS})


def retained_word(run: Run) -> Retained | None:
    """What the agent must know of the volume before it opens a shell; None: nothing is certain yet."""
    if run.resolved is not None and not run.resolved.save_to_disk:
        return Retained.NOT_REQUESTED
    if run.retained and run.retained.status:
        return Retained.YES
    given_up = run.retained is not None and run.retained.reason == RecordingsRetained.NOT_PERMITTED
    may_go = run.resolved is not None and not run.resolved.require_retain
    return Retained.NOT_PERMITTED if given_up and may_go else None


def tell(asked: Troubleshooter, run: Run, world: World, refused: str = "") -> tuple[Action, ...]:
    """The life time in force, that the volume is kept, whose names are true, who may come in, our labels.

    Only what is missing of it. `refused`: the life time that a shell asked for, and why it cannot be.
    """
    pod = world.pod
    if pod is None:
        return ()
    wanted = identity_annotations(world.requested_by, world.execs)
    if run.resolved:
        wanted[ANNOTATION_TIME_TO_LIVE] = run.resolved.time_to_live
    if word := retained_word(run):
        wanted[ANNOTATION_RETAINED] = word
    if refused:
        wanted[ANNOTATION_EXTENSION] = refused
    notes = missing(wanted, annotations(pod)) | _access_changes(asked, annotations(pod))
    marks = missing(pod_labels(asked), labels(pod))
    if not notes and not marks:
        return ()
    # First the right itself: what the pod tells of it is how a later look knows that it is given.
    people = bind_people(asked, world.requested_by) if notes.keys() & _PEOPLE else ()
    return (*people, PatchPod(asked.pod_namespace, asked.pod_name, uid_of(pod), notes, marks))


def watched_again(asked: Troubleshooter, pod: Json) -> tuple[Action, ...]:
    """The labels that we watch by, where somebody took them away: else nobody hears when the pod goes."""
    return relabelled(pod, pod_labels(asked))


def relabelled(pod: Json, wanted: dict[str, str]) -> tuple[Action, ...]:
    """The labels that a pod of ours must have, as far as it lacks them."""
    marks = missing(wanted, labels(pod))
    namespace = str(metadata(pod)["namespace"])
    return (PatchPod(namespace, name_of(pod), uid_of(pod), {}, marks),) if marks else ()


def _access_changes(asked: Troubleshooter, have: dict[str, str]) -> dict[str, str | None]:
    wanted = access_annotations(asked)
    names = (ANNOTATION_ACCESS_USERS, ANNOTATION_ACCESS_GROUPS)
    return {name: wanted.get(name) for name in names if have.get(name) != wanted.get(name)}


def missing(wanted: dict[str, str], have: dict[str, str]) -> dict[str, str | None]:
    """What of labels or annotations is to be written."""
    return {name: value for name, value in wanted.items() if have.get(name) != value}
