"""A Troubleshooter in each of its states, as an operator finds it: the resource, and the world around it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from resource_objects import (
    FAREWELL,
    NOW,
    claim,
    condition,
    ended_status,
    finished,
    offer,
    pod,
    run_status,
    running,
    troubleshooter,
    volume,
)

from troubleshooter_operator.actions import CreatePod
from troubleshooter_operator.endings import Trace
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.world import World

Json = dict[str, Any]
CLASSES: Final = (offer(),)
TOLD: Final = {"troubleshooter.sh/recordings-retained": "yes"}
STARTED_MARK: Final = {"troubleshooter.sh/started-at": "2026-11-22T18:40:03Z"}
END_MARKS: Final = STARTED_MARK | {
    "troubleshooter.sh/ended-at": "2026-11-22T18:59:00Z",
    "troubleshooter.sh/end": "IdleTimeout",
    "troubleshooter.sh/chain": "ab" * 32,
}
NOT_STARTED: Final = {"startedAt": None, "observedRunningAt": None, "expiresAt": None, "imageID": None}


@dataclass(frozen=True)
class Moment:
    """The resource with its status, what is around it, and the API server's time."""

    asked: Json
    world: World
    now: float = NOW + 60

    def with_spec(self, **spec: Any) -> "Moment":
        return replace(self, asked=self.asked | {"spec": self.asked["spec"] | spec})

    def with_world(self, **parts: Any) -> "Moment":
        return replace(self, world=replace(self.world, **parts))

    def with_pod(self, found: Json, **parts: Any) -> "Moment":
        return self.with_world(pod=found, **parts)


State = Callable[[], Moment]


def _fresh_pod(status: Json | None = None, **spec: Any) -> Json:
    """As the plan for an empty spec makes it, with the hash of its manifest; `spec`: what a node adds."""
    create = plan(parse(troubleshooter()), World(CLASSES), NOW).before[-1]
    assert isinstance(create, CreatePod)
    given = pod(status)
    metadata = create.manifest["metadata"] | {"uid": "22222222-0000-0000-0000-000000000002"}
    metadata |= {"resourceVersion": "60", "labels": given["metadata"]["labels"]}
    made: Json = create.manifest | {"metadata": metadata, "status": given["status"]}
    return made | {"spec": made["spec"] | spec}


def _started(status: Json, annotations: Json | None = None, **metadata: Any) -> Moment:
    """A run whose container has started, on a volume that is kept and marked."""
    marked = claim(annotations=STARTED_MARK)
    on_volume = volume(annotations=marked["metadata"]["annotations"])
    found = pod(status, TOLD | (annotations or {}), **metadata)
    return Moment(troubleshooter(None, _status()), World(CLASSES, pod=found, claim=marked, volume=on_volume))


def _status(**more: Any) -> Json:
    conditions = [condition("RecordingsRetained", "True", "Retained")]
    return run_status(**({"conditions": conditions} | more))


def _ended(found: Json | None, marks: Json) -> Moment:
    told = claim(annotations=marks)
    on_volume = volume(annotations=told["metadata"]["annotations"])
    status = ended_status()
    status["recordings"]["chain"] = "ab" * 32
    world = World(CLASSES, pod=found, claim=told, volume=on_volume)
    return Moment(troubleshooter(None, status), world, NOW + 1200)


def _waiting(found: Json, **parts: Any) -> Moment:
    world = World(CLASSES, pod=found, **parts)
    return Moment(troubleshooter(None, run_status(**NOT_STARTED)), world)


def _new() -> Moment:
    return Moment(troubleshooter(), World(CLASSES))


def _made_stopped() -> Moment:
    return Moment(troubleshooter({"state": "Stopped"}), World(CLASSES))


def _refused() -> Moment:
    return Moment(troubleshooter(), World(()))


def _untold() -> Moment:
    """The operator died between the making of the pod and the status."""
    return Moment(troubleshooter(), World(CLASSES, pod=_fresh_pod(), claim=claim(phase="Pending")))


def _running_untold() -> Moment:
    """And has not come back until the container ran."""
    return Moment(troubleshooter(), World(CLASSES, pod=_fresh_pod(running()), claim=claim(), volume=volume()))


def _unscheduled() -> Moment:
    return _waiting(_fresh_pod(), claim=claim(phase="Pending"))


def _starting() -> Moment:
    status = {"phase": "Pending", "startTime": "2026-11-22T18:40:00Z"}
    return _waiting(_fresh_pod(status, nodeName="node1"), claim=claim(), volume=volume())


def _running_unkept() -> Moment:
    moment = _started(running())
    pending = [condition("RecordingsRetained", "False", "Pending")]
    asked = troubleshooter(None, run_status(conditions=pending))
    return replace(moment, asked=asked).with_pod(pod(running()), volume=volume(policy="Delete"))


def _available() -> Moment:
    return _started(running())


def _ending() -> Moment:
    moment = _started(running(), {"troubleshooter.sh/end": "Stopped"})
    moment = moment.with_world(told_to_end_at=moment.now - 1)
    asked = troubleshooter({"state": "Stopped"}, _status(ending="Stopped"))
    return replace(moment, asked=asked)


def _going() -> Moment:
    """Somebody has deleted the pod, and it ends."""
    return _started(running(), deletionTimestamp="2026-11-22T18:41:33Z")


def _over() -> Moment:
    return _started(finished(message=FAREWELL))


def _vanished() -> Moment:
    """The pod went while no operator looked."""
    return _started(running()).with_world(pod=None, trace=Trace(None, gone=True, witnessed=False))


def _ended_with_pod() -> Moment:
    return _ended(pod(finished(message=FAREWELL), TOLD), STARTED_MARK)


def _ended_alone() -> Moment:
    return _ended(None, END_MARKS)


STATES: Final[dict[str, State]] = {
    "new": _new,
    "made stopped": _made_stopped,
    "refused": _refused,
    "made, not told": _untold,
    "running, not told": _running_untold,
    "unscheduled": _unscheduled,
    "starting": _starting,
    "volume not kept": _running_unkept,
    "available": _available,
    "being stopped": _ending,
    "pod going": _going,
    "over, not told": _over,
    "vanished": _vanished,
    "ended, pod there": _ended_with_pod,
    "ended": _ended_alone,
}
