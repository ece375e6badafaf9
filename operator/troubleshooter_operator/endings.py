"""Why a run ended, and what is known of its sessions; pure.

Precedence: what the operator decided, then what the cluster did to the pod, then what the agent says, then
what the container's exit shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_END, ANNOTATION_IMAGE, EndReason, format_time, parse_time
from troubleshooter_operator.conditions import NOT_RECORDED, Condition, Recorded, ended, recorded
from troubleshooter_operator.reports import Farewell, read_farewell
from troubleshooter_operator.run import Run
from troubleshooter_operator.starting import one_line
from troubleshooter_operator.toolbox import Toolbox

Sentences = Mapping[EndReason, str]
OF_A_TOOLBOX: Final = {
    EndReason.IDLE_TIMEOUT: "Nobody worked in the toolbox for its idle time-out",
    EndReason.TIME_TO_LIVE_REACHED: "The toolbox reached its time to live",
    EndReason.STOPPED: "The run was stopped as asked for",
    EndReason.RECORDING_FAILED: "No session could be recorded any more",
    EndReason.AGENT_FAILED: "The agent ended without saying why",
    EndReason.OUT_OF_MEMORY: "The agent ran out of memory",
    EndReason.EVICTED: "The pod was evicted from its node",
    EndReason.IMAGE_CHANGED: "The pod's image was changed while it ran, so it was no longer the toolbox",
    EndReason.POD_DELETED: "The pod was deleted by somebody",
    EndReason.POD_LOST: "The pod vanished while nobody looked",
    EndReason.START_FAILED: "The container did not start within 10 minutes",
}
OF_A_REPLAY: Final = OF_A_TOOLBOX | {
    EndReason.IDLE_TIMEOUT: "Nobody read in the Replay for its idle time-out",
    EndReason.TIME_TO_LIVE_REACHED: "The Replay reached its time to live",
    EndReason.STOPPED: "The Replay has made way for a toolbox that is to start on another node",
    EndReason.IMAGE_CHANGED: "The pod's image was changed while it ran, so it was no longer the Replay",
    EndReason.START_FAILED: "The container did not start",
}
_EVICTIONS: Final = frozenset(
    {"EvictionByEvictionAPI", "PreemptionByScheduler", "DeletionByTaintManager", "TerminationByKubelet"}
)
_KILLED: Final = 137


@dataclass(frozen=True)
class Trace:
    """What is left of a pod. `witnessed`: its deletion was seen, so the last object is its last state."""

    box: Toolbox | None
    gone: bool = False
    witnessed: bool = True


def end_run(run: Run, trace: Trace, now: float, sentences: Sentences = OF_A_TOOLBOX) -> Run:
    """The run as it is over, with reason, sessions and conditions."""
    farewell = _farewell(trace.box)
    reason = end_reason(run, trace, farewell)
    over = replace(
        run,
        started_at=run.started_at or (trace.box.started_at if trace.box else None),
        image_id=run.image_id or (trace.box.image_id if trace.box else None) or None,
        ending=None,
        ended_at=_ended_at(trace.box, now),
        ended=ended(reason, sentences[reason] + _detail(reason, trace, farewell)),
    )
    if farewell:
        over = replace(
            over,
            session_count=farewell.session_count,
            sessions=farewell.sessions,
            chain=farewell.chain or None,
        )
    return replace(over, recorded=_recorded(over, reason, farewell), last_activity_at=_last_activity(over))


def recorded_bytes(over: Run, trace: Trace) -> int:
    """Of all its sessions; of those that the status lists where the toolbox left no word."""
    farewell = _farewell(trace.box)
    return farewell.recorded_bytes if farewell else sum(session["bytes"] for session in over.sessions)


def end_reason(run: Run, trace: Trace, farewell: Farewell | None) -> EndReason:
    box = trace.box
    decided = run.ending or (decided_end(box) if box else None)
    if decided:
        return decided
    if box is None:
        return EndReason.POD_LOST
    return _from_cluster(run, box) or _from_container(box, trace, farewell)


def decided_end(box: Toolbox) -> EndReason | None:
    """The annotation end, if it holds a reason that there is."""
    text = box.annotations.get(ANNOTATION_END, "")
    return EndReason(text) if text in set(EndReason) else None


def _from_cluster(run: Run, box: Toolbox) -> EndReason | None:
    started = bool(run.started_at or box.started_at)
    if box.pod_reason == "DeadlineExceeded":
        return EndReason.TIME_TO_LIVE_REACHED if started else EndReason.START_FAILED
    if box.pod_reason in {"Evicted", "Preempting"} or box.disruption in _EVICTIONS:
        return EndReason.EVICTED
    if box.disruption == "DeletionByPodGC" or box.pod_reason == "NodeLost":
        return EndReason.POD_LOST
    if not started:
        return EndReason.START_FAILED
    return EndReason.IMAGE_CHANGED if image_changed(run, box) else None


def image_changed(run: Run, box: Toolbox) -> bool:
    """With restartPolicy Never a container is restarted only for another image."""
    return box.restarted or bool(run.image_id and box.image_id and box.image_id != run.image_id)


def _from_container(box: Toolbox, trace: Trace, farewell: Farewell | None) -> EndReason:
    if farewell:
        return EndReason.IMAGE_CHANGED if _is_replaced(box, trace, farewell) else farewell.reason
    if box.finished is None and trace.gone:
        return EndReason.POD_DELETED if trace.witnessed else EndReason.POD_LOST
    if box.finished is None:
        return EndReason.AGENT_FAILED
    if box.finished.get("exitCode") == _KILLED and box.finished.get("reason") == "OOMKilled":
        return EndReason.OUT_OF_MEMORY
    return EndReason.AGENT_FAILED


def _is_replaced(box: Toolbox, trace: Trace, farewell: Farewell) -> bool:
    """The agent was told to go, and nobody deletes its pod, whose image is no longer the one asked for."""
    stays = farewell.reason == EndReason.POD_DELETED and not (trace.gone or box.deleting)
    return stays and box.annotations.get(ANNOTATION_IMAGE, box.image) != box.image


def _farewell(box: Toolbox | None) -> Farewell | None:
    return read_farewell(box.last_words) if box is not None else None


def _ended_at(box: Toolbox | None, now: float) -> str:
    """The kubelet's word; not the agent's, whose clock and message the recorded person may have reached."""
    finished = (box.finished or {}).get("finishedAt") if box else None
    return finished if finished and parse_time(finished) > 0 else format_time(now)


def _detail(reason: EndReason, trace: Trace, farewell: Farewell | None) -> str:
    """What else is known of it, in brackets."""
    detail = one_line(_of_the_cluster(reason, trace.box)) if trace.box else ""
    if farewell and farewell.reason == reason and farewell.message.lower() != reason.lower():
        detail = one_line(farewell.message)
    if not detail and trace.box and trace.box.finished and farewell is None:
        finished = trace.box.finished
        detail = f"exit code {finished.get('exitCode')}, {finished.get('reason') or 'no reason'}"
    return f" ({detail})" if detail else ""


def _of_the_cluster(reason: EndReason, box: Toolbox) -> str:
    """Its own words on the pod; why it was disrupted, where that is the reason."""
    disrupted = reason in {EndReason.EVICTED, EndReason.POD_LOST}
    return box.pod_message or (box.disruption_message if disrupted else "")


def _recorded(run: Run, reason: EndReason, farewell: Farewell | None) -> Condition:
    if run.resolved is not None and not run.resolved.recorded:
        return NOT_RECORDED
    if reason == EndReason.RECORDING_FAILED:
        return recorded(Recorded.FAILED, "Recording failed, and what could not be recorded was ended")
    if not run.started_at:
        return recorded(Recorded.COMPLETE, "No shell was opened")
    if farewell is None:
        return recorded(
            Recorded.TRUNCATED, "The toolbox left no report, so how its recordings ended is not certain"
        )
    if farewell.recording_failures:
        return recorded(Recorded.TRUNCATED, f"{farewell.recording_failures} of the recordings ended early")
    return recorded(Recorded.COMPLETE, f"Every session is recorded completely ({farewell.session_count})")


def _last_activity(run: Run) -> str | None:
    """The end of the last session counts as activity, should the last report be older."""
    ends = [session["endedAt"] for session in run.sessions if session["endedAt"]]
    return max([*ends, *([run.last_activity_at] if run.last_activity_at else [])], default=None)
