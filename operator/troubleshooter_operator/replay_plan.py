"""What to do about one Replay: (resource, world, now) -> plan. Pure, over the parts that toolboxes have.

A Replay has one pod in its life. It records nothing, so it may go at any instant: no claim is made or told,
no volume is kept, and deleting it is enough, since its pod has it as its owner.
"""

from dataclasses import replace
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_MANIFEST, EndReason, parse_duration, parse_time
from troubleshooter_operator.actions import Action, Announce, CreatePod, DeletePod, DeleteReplay, PatchPod
from troubleshooter_operator.conditions import Condition, Ready, ready
from troubleshooter_operator.endings import OF_A_REPLAY, Trace, decided_end, end_run, image_changed
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.expiry import Verdict, judge
from troubleshooter_operator.identity import identity_annotations
from troubleshooter_operator.kinds import (
    REPLAY,
    Json,
    annotations,
    is_deleting,
    metadata,
    name_of,
    owner_uid,
    uid_of,
)
from troubleshooter_operator.leave import GOING_SECONDS, has_seen, leave
from troubleshooter_operator.note import note
from troubleshooter_operator.podspec import longest_life
from troubleshooter_operator.provision import UNWATCHED_SECONDS, pod_name_taken
from troubleshooter_operator.replay import RUN, Replay
from troubleshooter_operator.replay_neighbours import must_make_way, placement, refuse_second_pod
from troubleshooter_operator.replay_pod import replay_labels, replay_manifest
from troubleshooter_operator.replay_source import Source, find_source
from troubleshooter_operator.replay_world import ReplayWorld
from troubleshooter_operator.resolve import find_class, resolve_replay
from troubleshooter_operator.run import Resolved, Run
from troubleshooter_operator.starting import why_not_started
from troubleshooter_operator.tell import missing, relabelled
from troubleshooter_operator.toolbox import Toolbox, toolbox
from troubleshooter_operator.world import Plan

KEPT_SECONDS: Final = 3600.0  # an ended Replay holds nothing, so it need not stay


def plan_replay(asked: Replay, world: ReplayWorld, now: float) -> Plan:
    """`now` is the API server's time, in seconds since the epoch."""
    run = asked.run
    if run is not None and run.ended is not None:
        return _rest(asked, run, world, now)
    if world.pod is not None and owner_uid(world.pod) == asked.uid:
        return _with_pod(asked, run or Run(RUN), world, world.pod, now)
    trace = world.trace
    if trace is not None and run is not None and _has_run(run, trace):
        return _end(asked, run, trace, world, now)
    if asked.deleting:
        return Plan(run, ready(Ready.ENDED, "The Replay is being deleted"))
    return _provision(asked, run, world, now)


def _has_run(run: Run, trace: Trace) -> bool:
    """Its container has, or nobody can tell: then there shall be no second pod."""
    return run.started_at is not None or trace.box is None or trace.box.started_at is not None


def _provision(asked: Replay, run: Run | None, world: ReplayWorld, now: float) -> Plan:
    try:
        if world.pod is not None:
            raise pod_name_taken(world.pod, REPLAY)
        source, resolved, manifest = _manifest(asked, world)
        refuse_second_pod(source.claim, world.holders)
    except RefusedError as refused:
        return Plan(run, ready(Ready(refused.reason), str(refused)), look_again=now + UNWATCHED_SECONDS)
    manifest["spec"] |= placement(source.claim, world.holders)
    create = CreatePod(manifest, asked.uid, asked.name, asked.resource_version, owner_kind=REPLAY)
    making = ready(Ready.PROVISIONING, f"Pod {asked.pod_name} is being made")
    volume = source.claim["spec"].get("volumeName")
    begun = Run(RUN, resolved=resolved, claim_name=source.claim_name, volume_name=volume)
    return Plan(begun, making, before=(create,), unbegun=run)


def _manifest(asked: Replay, world: ReplayWorld) -> tuple[Source, Resolved, Json]:
    source = find_source(asked, world.shelves)
    offer = find_class(asked.class_name, world.classes)
    resolved = resolve_replay(asked, offer, source.claim_name)
    manifest = replay_manifest(asked, source, resolved, offer)
    # After the hash: a pod that waits is not made anew for what it can be told.
    manifest["metadata"]["annotations"] |= identity_annotations(world.requested_by, world.execs)
    return source, resolved, manifest


def _with_pod(asked: Replay, run: Run, world: ReplayWorld, pod: Json, now: float) -> Plan:
    box = toolbox(pod)
    if run.resolved is None:  # made right before an operator died
        run = _adopted(asked, run, world)
    seen = world.seen_running_at
    run = note(run, box, None, now if seen is None else seen)
    if box.over:
        return _end(asked, run, Trace(box), world, now)
    if run.started_at is None:
        return _wait_for_start(asked, run, world, pod, now)
    return _attend(asked, run, world, pod, now)


def _adopted(asked: Replay, run: Run, world: ReplayWorld) -> Run:
    try:
        source, resolved, _ = _manifest(asked, world)
    except RefusedError:
        return run
    volume = source.claim["spec"].get("volumeName")
    return replace(run, resolved=resolved, claim_name=source.claim_name, volume_name=volume)


def _wait_for_start(asked: Replay, run: Run, world: ReplayWorld, pod: Json, now: float) -> Plan:
    """Until then what the class offers is taken up, by another pod."""
    box = toolbox(pod)
    if box.deleting:
        going = ready(Ready.PROVISIONING, "The pod is being deleted; then it is made anew")
        return Plan(replace(run, pod_uid=None), going, look_again=now + UNWATCHED_SECONDS)
    try:
        source, _, manifest = _manifest(asked, world)
    except RefusedError as refused:
        return _replacement(run, pod, ready(Ready(refused.reason), str(refused)))
    if annotations(manifest)[ANNOTATION_MANIFEST] != box.annotations.get(ANNOTATION_MANIFEST):
        return _replacement(run, pod, ready(Ready.PROVISIONING, "What the class offers has changed"))
    if must_make_way(source.claim, pod, world.holders):
        beside = "A toolbox is to start on another node, so the pod is made anew beside it"
        return _replacement(run, pod, ready(Ready.PROVISIONING, beside))
    verdict = judge(now=now, accepted_at=box.accepted_at, seen_running_at=None, life_seconds=0)
    if verdict.end:
        return _end(asked, replace(run, ending=EndReason.START_FAILED), Trace(box), world, now)
    told = _tell(asked, world, pod)
    return Plan(
        run, why_not_started(box, source.claim), before=told, look_again=verdict.look_again, unbegun=run
    )


def _replacement(run: Run, pod: Json, condition: Condition) -> Plan:
    """The status forgets the pod before it goes; with its version, so that one that has started stays."""
    version = str(metadata(pod)["resourceVersion"])
    delete = DeletePod(str(metadata(pod)["namespace"]), name_of(pod), uid_of(pod), version)
    return Plan(replace(run, pod_uid=None), condition, after=(delete,))


def _attend(asked: Replay, run: Run, world: ReplayWorld, pod: Json, now: float) -> Plan:
    box = toolbox(pod)
    verdict = _judge(run, box, now)
    reason = decided_end(box) or _decide(run, box, world, pod) or verdict.end
    told = () if box.deleting else _tell(asked, world, pod)
    if reason is not None:
        ending = replace(run, ending=reason)
        return leave(ending, pod, box, told, told=has_seen(world.told_to_end_at, now), what="Replay", now=now)
    again = now + GOING_SECONDS if box.deleting else verdict.look_again
    return Plan(run, _ready(asked, box), before=told, look_again=again, unbegun=run)


def _decide(run: Run, box: Toolbox, world: ReplayWorld, pod: Json) -> EndReason | None:
    if image_changed(run, box):
        return EndReason.IMAGE_CHANGED
    claims = [claim for claim in world.shelves.claims if name_of(claim) == run.claim_name]
    makes_way = any(must_make_way(claim, pod, world.holders) for claim in claims)
    return EndReason.STOPPED if makes_way else None


def _judge(run: Run, box: Toolbox, now: float) -> Verdict:
    seen = parse_time(run.observed_running_at) if run.observed_running_at else None
    longest = longest_life(box.cap_seconds)
    life = parse_duration(run.resolved.time_to_live) if run.resolved else longest
    return judge(now=now, accepted_at=box.accepted_at, seen_running_at=seen, life_seconds=life)


def _ready(asked: Replay, box: Toolbox) -> Condition:
    if box.deleting:
        return ready(Ready.ENDED, "The Replay is ending: its pod is being deleted")
    if not box.ready:
        return ready(Ready.PROVISIONING, "The container runs, and the agent in it is not ready yet")
    reading = f"kubectl exec -it -n {asked.namespace} {asked.pod_name} -- shell -- troubleshooter-agent list"
    return ready(Ready.REPLAY_AVAILABLE, f"List the recordings with: {reading}")


def _tell(asked: Replay, world: ReplayWorld, pod: Json) -> tuple[Action, ...]:
    """Whose names are true, and the labels that we watch by."""
    whose = toolbox(pod).annotations
    notes = missing(identity_annotations(world.requested_by, world.execs), whose)
    name, namespace = name_of(pod), str(metadata(pod)["namespace"])
    said = (PatchPod(namespace, name, uid_of(pod), notes, {}),) if notes else ()
    recordings_of = asked.status.get("recordingsOf") or ""
    marks = replay_labels(asked, recordings_of.rpartition("/")[2]) if recordings_of else {}
    return (*said, *relabelled(pod, marks))


def _end(asked: Replay, run: Run, trace: Trace, world: ReplayWorld, now: float) -> Plan:
    over = end_run(run, trace, now, OF_A_REPLAY)
    rest = _rest(asked, over, world, now)
    assert over.ended is not None
    assert over.ended_at is not None
    announce = Announce(
        namespace=asked.namespace,
        name=asked.name,
        uid=asked.uid,
        run=RUN,
        reason=EndReason(over.ended.reason),
        message=over.ended.message,
        at=over.ended_at,
        kind=REPLAY,
    )
    return replace(rest, before=(announce,))


def _rest(asked: Replay, run: Run, world: ReplayWorld, now: float) -> Plan:
    """It is over: its pod goes at once, and a while later the Replay, unless something would make it anew."""
    condition = ready(Ready.ENDED, "The Replay has ended; make another one to read again")
    pod = world.pod
    if pod is not None and owner_uid(pod) == asked.uid:
        delete = DeletePod(asked.namespace, name_of(pod), uid_of(pod))
        return Plan(
            run, condition, after=() if is_deleting(pod) else (delete,), look_again=now + GOING_SECONDS
        )
    if asked.deleting or asked.applied or run.ended_at is None:
        return Plan(run, condition)
    due = parse_time(run.ended_at) + KEPT_SECONDS
    if now < due:
        return Plan(run, condition, look_again=due)
    goes = DeleteReplay(asked.namespace, asked.name, asked.uid, asked.resource_version)
    return Plan(run, condition, after=(goes,))
