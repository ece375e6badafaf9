"""What a pod tells about the toolbox in it; pure, and the only place that knows a pod's status."""

from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.contract import CONTAINER, parse_time
from troubleshooter_operator.kinds import Json, annotations, is_deleting, owner_uid, uid_of

# Reasons of a container that was made but whose command never ran: exit code 128, startedAt in 1970.
NEVER_RAN: Final = frozenset(
    {"StartError", "ContainerCannotRun", "ContainerCannotStart", "CreateContainerError"}
)
OVER: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True)
class Toolbox:
    uid: str
    owner: str
    deleting: bool
    over: bool
    ready: bool
    pod_reason: str
    pod_message: str
    disruption: str  # reason of the condition DisruptionTarget
    disruption_message: str
    accepted_at: float | None
    running: bool
    started_at: str | None  # of the container, None if its command never ran
    finished: Json | None  # the terminated state
    last_words: str  # the termination message of the first container, the only one that was the toolbox
    waiting: Json  # the waiting state
    has_node: bool
    unscheduled: Json  # the condition PodScheduled while it is False
    restarted: bool
    image: str
    image_id: str
    ip: str | None
    annotations: dict[str, str]
    cap_seconds: int


def toolbox(pod: Json) -> Toolbox:
    """The toolbox in one of our pods."""
    status, spec = pod.get("status") or {}, pod["spec"]
    container = _container_status(status)
    state, last = container.get("state") or {}, (container.get("lastState") or {}).get("terminated")
    finished = state.get("terminated")
    restarted = container.get("restartCount", 0) > 0
    return Toolbox(
        uid=uid_of(pod),
        owner=owner_uid(pod),
        deleting=is_deleting(pod),
        over=status.get("phase") in OVER,
        ready=_condition(status, "Ready").get("status") == "True",
        pod_reason=status.get("reason") or "",
        pod_message=status.get("message") or "",
        disruption=_disruption(status).get("reason") or "",
        disruption_message=_disruption(status).get("message") or "",
        accepted_at=parse_time(status["startTime"]) if status.get("startTime") else None,
        running="running" in state,
        started_at=_started_at(state.get("running") or finished or {}) or _started_at(last or {}),
        finished=finished,
        last_words=_last_words(container, finished, last),
        waiting=state.get("waiting") or {},
        has_node=bool(spec.get("nodeName")),
        unscheduled=_unscheduled(status),
        restarted=restarted,
        image=_container(spec)["image"],
        image_id=container.get("imageID") or "",
        ip=status.get("podIP"),
        annotations=annotations(pod),
        cap_seconds=int(spec.get("activeDeadlineSeconds") or 0),
    )


def _container(spec: Json) -> Json:
    return next((found for found in spec["containers"] if found["name"] == CONTAINER), spec["containers"][0])


def _container_status(status: Json) -> Json:
    return next((found for found in status.get("containerStatuses") or () if found["name"] == CONTAINER), {})


def _condition(status: Json, kind: str) -> Json:
    return next((found for found in status.get("conditions") or () if found["type"] == kind), {})


def _unscheduled(status: Json) -> Json:
    found = _condition(status, "PodScheduled")
    return found if found.get("status") == "False" else {}


def _disruption(status: Json) -> Json:
    found = _condition(status, "DisruptionTarget")
    return found if found.get("status") == "True" else {}


def _last_words(container: Json, finished: Json | None, last: Json | None) -> str:
    first = {0: finished, 1: last}.get(container.get("restartCount", 0))
    return (first or {}).get("message") or ""


def _started_at(state: Json) -> str | None:
    started = state.get("startedAt")
    if not started or state.get("reason") in NEVER_RAN or parse_time(started) <= 0:
        return None
    return str(started)
