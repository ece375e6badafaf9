"""What `plan` is given and what it gives back; values only."""

from dataclasses import dataclass

from troubleshooter_agent.contract import ANNOTATION_RUN, SYSTEM_NAMESPACE, UNVERIFIED, ExecIdentity
from troubleshooter_operator.actions import Action
from troubleshooter_operator.conditions import Condition
from troubleshooter_operator.endings import Trace
from troubleshooter_operator.kinds import Json, annotations, owner_uid
from troubleshooter_operator.reclaim import Reclaim
from troubleshooter_operator.reports import Report
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run


@dataclass(frozen=True)
class World:
    """What there is around one Troubleshooter, as objects of the API server.

    `reclaim` is what is known of a volume that the operator may not change; `volume` is None then.
    `pod` is whatever has the pod's name, ours or not. `trace` is what is left of the run's own pod once it is
    gone. `occupants` are pods of others on the claim, looked for before there is a pod. `requested_by` is who
    asked, as far as it is verified; `names_checked`: it is of those that are made now; `execs`: whether it is
    verified who executes. `confined`: the operator works in some namespaces only; `operator_namespace` is
    where it runs. `seen_running_at` is when the pod's container was first seen to run, `told_to_end_at` when
    the annotation end was first seen on it.
    """

    classes: tuple[Json, ...] = ()
    pod: Json | None = None
    trace: Trace | None = None
    claim: Json | None = None
    volume: Json | None = None
    reclaim: Reclaim | None = None
    occupants: tuple[Json, ...] = ()
    requested_by: str = UNVERIFIED
    names_checked: bool = False
    execs: ExecIdentity = ExecIdentity.NONE
    confined: bool = False
    operator_namespace: str = SYSTEM_NAMESPACE
    report: Report | None = None
    seen_running_at: float | None = None
    told_to_end_at: float | None = None


@dataclass(frozen=True)
class Plan:
    """`before` is done first; then the status is written; then `after`.

    If something of `before` is refused, the status tells of `unbegun` instead of `run`, and why. `look_again`
    is the instant of the next look, None where a watch will tell.
    """

    run: Run | None
    ready: Condition
    before: tuple[Action, ...] = ()
    after: tuple[Action, ...] = ()
    look_again: float | None = None
    unbegun: Run | None = None


def is_pod_of(pod: Json | None, asked: Troubleshooter, run: Run) -> bool:
    """Whether this pod was made for this run."""
    if pod is None or owner_uid(pod) != asked.uid:
        return False
    return annotations(pod).get(ANNOTATION_RUN) == str(run.number)
