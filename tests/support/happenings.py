"""Everything that can happen to a Troubleshooter; docs/states.md says what the operator does then.

Each event changes a moment, or gives None where it cannot happen.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from moments import CLASSES, STATES, Moment
from resource_objects import FAREWELL, NOW, finished, pod, running, volume

from troubleshooter_agent.contract import SessionReport
from troubleshooter_operator.endings import Trace
from troubleshooter_operator.reports import Report
from troubleshooter_operator.toolbox import toolbox

Json = dict[str, Any]
Event = Callable[[Moment], Moment | None]
SESSION: Final = SessionReport(
    id="6rxjr1m8",
    user="alice",
    startedAt="2026-11-22T18:41:00Z",
    endedAt=None,
    exitCode=None,
    bytes=10,
    sha256=None,
    file="default/web/a.cast",
)
ACCEPTED: Final = NOW - 3  # startTime of the pods
LIFE_AND_GRACE: Final = 3600 + 5
START_DEADLINE: Final = 600


def _nothing(moment: Moment) -> Moment:
    return moment


def _stop(moment: Moment) -> Moment | None:
    stopped = moment.asked["spec"]["state"] == "Stopped"
    return None if stopped else moment.with_spec(state="Stopped")


def _start(moment: Moment) -> Moment | None:
    stopped = moment.asked["spec"]["state"] == "Stopped"
    return moment.with_spec(state="Running") if stopped else None


def _run_again(moment: Moment) -> Moment:
    return moment.with_spec(state="Running", run=2)


def _spec(**spec: Any) -> Event:
    return lambda moment: moment.with_spec(**spec)


def _delete(moment: Moment) -> Moment:
    """In the foreground: it is still there while what it owns goes."""
    stamp = {"deletionTimestamp": "2026-11-22T18:41:03Z"}
    return replace(moment, asked=moment.asked | {"metadata": moment.asked["metadata"] | stamp})


def _class_goes(moment: Moment) -> Moment | None:
    return moment.with_world(classes=()) if moment.world.classes else None


def _class_comes(moment: Moment) -> Moment | None:
    return None if moment.world.classes else moment.with_world(classes=CLASSES)


def _name_is_taken(moment: Moment) -> Moment | None:
    """By a pod of somebody else."""
    if moment.world.pod is not None:
        return None
    theirs = pod(running(), uid="somebody-elses", ownerReferences=[])
    return moment.with_world(pod=theirs, trace=moment.world.trace)


def _on_pod(change: Callable[[Json], Json | None], *, started: bool | None = None) -> Event:
    """`started`: only a pod whose container runs (True) or has not run yet (False)."""

    def event(moment: Moment) -> Moment | None:
        found = moment.world.pod
        if found is None:
            return None
        runs = "containerStatuses" in found["status"] and found["status"]["phase"] == "Running"
        over = found["status"]["phase"] in {"Succeeded", "Failed"}
        if started is not None and (over or runs != started):
            return None
        changed = change(found)
        return None if changed is None else moment.with_pod(changed)

    return event


def _with_status(status: Json) -> Callable[[Json], Json]:
    return lambda found: found | {"status": status}


def _being_deleted(found: Json) -> Json | None:
    if "deletionTimestamp" in found["metadata"]:
        return None
    stamp = {"deletionTimestamp": "2026-11-22T18:41:33Z"}
    return found | {"metadata": found["metadata"] | stamp}


def _without_label(found: Json) -> Json:
    labels = dict(found["metadata"]["labels"])
    del labels["app.kubernetes.io/managed-by"]
    return found | {"metadata": found["metadata"] | {"labels": labels}}


def _pod_gone(*, witnessed: bool) -> Event:
    """By force, or after its end; a watch brought its last object, or none did."""

    def event(moment: Moment) -> Moment | None:
        found = moment.world.pod
        if found is None:
            return None
        seen = Trace(toolbox(found) if witnessed else None, gone=True, witnessed=witnessed)
        ended = any(each["type"] == "Ended" for each in moment.asked.get("status", {}).get("conditions", ()))
        untold = "status" not in moment.asked
        return moment.with_world(pod=None, trace=None if ended or (untold and not witnessed) else seen)

    return event


def _claim_gone(moment: Moment) -> Moment | None:
    if moment.world.claim is None:
        return None
    return moment.with_world(claim=None)


def _another_took_the_volume(moment: Moment) -> Moment | None:
    if moment.world.volume is None:
        return None
    return moment.with_world(volume=volume(claim_uid="another"))


def _policy_changed(moment: Moment) -> Moment | None:
    """Somebody sets the reclaim policy to Delete."""
    found = moment.world.volume
    if found is None or found["spec"]["persistentVolumeReclaimPolicy"] == "Delete":
        return None
    spec = found["spec"] | {"persistentVolumeReclaimPolicy": "Delete"}
    return moment.with_world(volume=found | {"spec": spec})


def _report(**more: Any) -> Event:
    """The agent answers, with one session since its start."""
    said: Json = {"end": "", "wanted_time_to_live": "", "session_count": 1, "recording_failures": 0}
    said |= {"last_activity_at": "2026-11-22T18:41:00Z", "chain": "", "sessions": (SESSION,)} | more

    def event(moment: Moment) -> Moment | None:
        found = moment.world.pod
        runs = found is not None and found["status"]["phase"] == "Running"
        return moment.with_world(report=Report(**said)) if runs else None

    return event


def _at(instant: float, *, phase: str) -> Event:
    """So late, with a pod in such a phase."""

    def event(moment: Moment) -> Moment | None:
        found = moment.world.pod
        if found is None or found["status"]["phase"] != phase or "startTime" not in found["status"]:
            return None
        return replace(moment, now=instant)

    return event


def _not_told_in_time(moment: Moment) -> Moment | None:
    """Three seconds after the annotation, the agent has not said that it saw it."""
    told = moment.world.told_to_end_at
    return None if told is None else replace(moment, now=told + 3)


def _kept_long_enough(moment: Moment) -> Moment | None:
    """Eight days after the end."""
    ended = "endedAt" in moment.asked.get("status", {})
    return replace(moment, now=NOW + 8 * 86400) if ended else None


_KILLED: Final = finished(code=137, reason="Error", phase="Failed")
EVENTS: Final[dict[str, Event]] = {
    "a look": _nothing,
    "stop": _stop,
    "start": _start,
    "run again": _run_again,
    "extend": _spec(timeToLive="2h"),
    "extend too far": _spec(timeToLive="3h"),
    "another image": _spec(image="registry.example/team/other:2"),
    "delete": _delete,
    "class goes": _class_goes,
    "class comes": _class_comes,
    "pod name taken": _name_is_taken,
    "container starts": _on_pod(_with_status(running()), started=False),
    "image not found": _on_pod(
        _with_status(
            {
                "phase": "Pending",
                "startTime": "2026-11-22T18:40:00Z",
                "containerStatuses": [
                    {
                        "name": "toolbox",
                        "restartCount": 0,
                        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
                    }
                ],
            }
        ),
        started=False,
    ),
    "agent ends it": _on_pod(_with_status(finished(message=FAREWELL)), started=True),
    "agent is killed": _on_pod(_with_status(_KILLED), started=True),
    "out of memory": _on_pod(
        _with_status(finished(code=137, reason="OOMKilled", phase="Failed")), started=True
    ),
    "evicted": _on_pod(_with_status(_KILLED | {"reason": "Evicted"}), started=True),
    "evicted early": _on_pod(
        _with_status({"phase": "Failed", "reason": "Evicted", "startTime": "2026-11-22T18:40:00Z"}),
        started=False,
    ),
    "node refuses it": _on_pod(
        _with_status(
            {"phase": "Failed", "reason": "OutOfcpu", "startTime": "2026-11-22T18:40:00Z"},
        ),
        started=False,
    ),
    "kubelet's cap": _on_pod(_with_status(_KILLED | {"reason": "DeadlineExceeded"}), started=True),
    "image changed": _on_pod(_with_status(running(restarts=1, image_id="sha256:bb")), started=True),
    "not ready": _on_pod(_with_status(running(ready=False)), started=True),
    "label taken": _on_pod(_without_label),
    "pod deleted": _on_pod(_being_deleted),
    "pod gone": _pod_gone(witnessed=True),
    "pod lost": _pod_gone(witnessed=False),
    "claim gone": _claim_gone,
    "volume of another": _another_took_the_volume,
    "policy Delete": _policy_changed,
    "session opened": _report(),
    "shell extends": _report(wanted_time_to_live="1h15m"),
    "shell asks too much": _report(wanted_time_to_live="3h"),
    "agent saw the end": _report(end="Stopped"),
    "agent silent": _not_told_in_time,
    "life over": _at(NOW + LIFE_AND_GRACE, phase="Running"),
    "start deadline": _at(ACCEPTED + START_DEADLINE, phase="Pending"),
    "kept long enough": _kept_long_enough,
}


def moments() -> dict[tuple[str, str], Moment]:
    """Every pair of state and event that can be."""
    found = {}
    for state, begin in STATES.items():
        for event, happen in EVENTS.items():
            moment = happen(begin())
            if moment is not None:
                found[state, event] = moment
    return found
