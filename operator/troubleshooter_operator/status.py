"""The status of a Troubleshooter as a whole, from the run and the conditions; pure."""

from troubleshooter_operator.conditions import NOT_RECORDED, Condition, Recorded, ended, recorded, render
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run


def status(asked: Troubleshooter, run: Run | None, ready: Condition, now: float, requested_by: str) -> Json:
    """Written whole: what is not in here is not in the status."""
    shown: Json = {"observedGeneration": asked.generation, "requestedBy": requested_by}
    if run is not None:
        shown |= {"podName": asked.pod_name, "podNamespace": asked.pod_namespace} | run.to_status()
    before = asked.status.get("conditions") or []
    shown["conditions"] = render(_conditions(run, ready), before, asked.generation, now)
    return shown


def _conditions(run: Run | None, ready: Condition) -> list[Condition]:
    if run is None:
        return [ready, ended(None, "No run has begun")]
    over = run.ended is not None
    return [
        ready,
        *([run.retained] if run.retained else []),
        run.recorded if over and run.recorded else _recorded(run),
        run.ended or ended(None, f"Run {run.number} has not ended"),
    ]


def _recorded(run: Run) -> Condition:
    resolved = run.resolved
    if resolved is not None and not resolved.recorded:
        return NOT_RECORDED
    log_alone = resolved is not None and not resolved.save_to_disk
    where = ", in the container's log alone" if log_alone else ""
    return recorded(Recorded.RUNNING, f"Run {run.number} is recorded{where}")
