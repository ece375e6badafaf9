"""What to do about one Troubleshooter: (resource, world, now) -> plan. Pure, so every rule can be tested.

Here are the ways in and out of a run; `provision` has the way from nothing to a started container, `attend`
what happens while it runs.
"""

from dataclasses import replace
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_RUN, EndReason
from troubleshooter_operator.actions import Action, Announce, DeletePod, RemoveNamespace
from troubleshooter_operator.attend import attend
from troubleshooter_operator.conditions import Condition, Ready, ready
from troubleshooter_operator.earlier import earlier_run
from troubleshooter_operator.endings import Trace, end_run, recorded_bytes
from troubleshooter_operator.keep import Kept, keep_recordings
from troubleshooter_operator.kinds import annotations, is_deleting, name_of, owner_uid, uid_of
from troubleshooter_operator.note import note
from troubleshooter_operator.provision import adopted, provision, wait_for_start
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.retire import Retirement, retirement
from troubleshooter_operator.run import Run
from troubleshooter_operator.tell import watched_again
from troubleshooter_operator.temporary import may_go
from troubleshooter_operator.toolbox import Toolbox, toolbox
from troubleshooter_operator.world import Plan, World, is_pod_of

_DELETED: Final = "The Troubleshooter is being deleted"


def plan(asked: Troubleshooter, world: World, now: float) -> Plan:
    """`now` is the API server's time, in seconds since the epoch."""
    run = asked.run or earlier_run(asked, world)
    if run is None or run.ended is not None:
        run = _forgotten(asked, run, world, started=True) or run
    if run is not None and run.ended is None:
        return _carry_on(asked, run, world, now)
    if asked.deleting or asked.stopped or (run is not None and asked.wanted_run <= run.number):
        return _rest(asked, run, world, now)
    return _begin(asked, run, world, now)


def _begin(asked: Troubleshooter, last: Run | None, world: World, now: float) -> Plan:
    """A run that nothing was made for yet; until then the status tells of the last one."""
    forgotten = _forgotten(asked, last, world)
    if forgotten is not None:
        return _carry_on(asked, forgotten, world, now)
    if last is not None and world.pod is not None and owner_uid(world.pod) == asked.uid:
        waiting = ready(
            Ready.PROVISIONING, f"Run {asked.wanted_run} waits for the pod of run {last.number} to go"
        )
        return Plan(last, waiting, after=tuple(_delete(asked, world)))
    if last is not None and world.pod is None and world.claim is not None and may_go(asked, last):
        waiting = ready(
            Ready.PROVISIONING, f"Run {asked.wanted_run} waits for the namespace of run {last.number} to go"
        )
        kept = keep_recordings(asked, last, world)
        goes = () if kept.actions else (RemoveNamespace(asked.uid),)
        return Plan(kept.run, waiting, after=(*kept.actions, *goes), look_again=now + 1)
    return provision(asked, Run(number=asked.wanted_run), last, world, now)


def _forgotten(asked: Troubleshooter, last: Run | None, world: World, *, started: bool = False) -> Run | None:
    """The run of a pod that was made right before an operator died: no status tells of it yet.

    One whose container has `started` is carried on whatever is asked for now: it may have a recording.
    """
    if world.pod is None or owner_uid(world.pod) != asked.uid:
        return None
    if started and toolbox(world.pod).started_at is None:
        return None
    told, least = annotations(world.pod).get(ANNOTATION_RUN, ""), last.number if last else 0
    is_one = told.isdecimal() and least < int(told) <= asked.wanted_run
    return Run(int(told)) if is_one else None


def _carry_on(asked: Troubleshooter, run: Run, world: World, now: float) -> Plan:
    if world.pod is None or not is_pod_of(world.pod, asked, run):
        return _without_pod(asked, run, world, now)
    box = toolbox(world.pod)
    if run.resolved is None and box.started_at is not None:
        run = replace(run, resolved=adopted(asked, run, world))
    seen = world.seen_running_at
    run = note(run, box, world.report, now if seen is None else seen)
    if run.started_at is None and not _has_failed(box):
        if _is_stop_wanted(asked, run):
            return _end(asked, replace(run, ending=EndReason.STOPPED), Trace(box), world, now)
        waiting = wait_for_start(asked, run, world, box, now)
        return waiting if isinstance(waiting, Plan) else _end(asked, waiting, Trace(box), world, now)
    if box.over:
        return _end(asked, run, Trace(box), world, now)
    return attend(asked, run, world, box, stop=_is_stop_wanted(asked, run), now=now)


def _without_pod(asked: Troubleshooter, run: Run, world: World, now: float) -> Plan:
    """The run's pod is not there: it is over, or there has to be another."""
    trace = world.trace
    box = trace.box if trace else None
    never_started = run.started_at is None and (box is None or box.started_at is None)
    if trace is not None and (not never_started or run.ending or box is None):
        return _end(asked, run, trace, world, now)
    if _is_stop_wanted(asked, run):
        return _end(asked, replace(run, ending=EndReason.STOPPED), Trace(None), world, now)
    if asked.deleting:
        return Plan(run, ready(Ready.ENDED, _DELETED))
    return provision(asked, replace(run, pod_uid=None), run, world, now)


def _end(asked: Troubleshooter, run: Run, trace: Trace, world: World, now: float) -> Plan:
    """The run is over: tell it, then take the pod away."""
    over = end_run(run, trace, now)
    rest = _rest(asked, over, world, now)
    # Once the end is told nobody looks for a pod that no watch tells of.
    watched = _watched_again(asked, world)
    told = (*watched, *rest.before, *_announcement(asked, over, trace))
    after = tuple(action for action in rest.after if action not in watched)
    # The next run may begin at once, and no watch tells of a status that we write ourselves.
    follows = not asked.deleting and not asked.stopped and asked.wanted_run > over.number
    return replace(rest, before=told, after=after, look_again=now if follows else rest.look_again)


def _announcement(asked: Troubleshooter, over: Run, trace: Trace) -> list[Action]:
    if over.ended is None or over.ended_at is None:
        return []
    return [
        Announce(
            namespace=asked.namespace,
            name=asked.name,
            uid=asked.uid,
            run=over.number,
            reason=EndReason(over.ended.reason),
            message=over.ended.message,
            at=over.ended_at,
            recorded_bytes=recorded_bytes(over, trace),
        )
    ]


def _rest(asked: Troubleshooter, run: Run | None, world: World, now: float) -> Plan:
    """Nothing runs and nothing shall: no pod of ours may stay, and claim and volume tell the end."""
    if run is None:
        return Plan(None, _not_begun(asked), after=tuple(_delete(asked, world)))
    kept = keep_recordings(asked, run, world)
    goes = retirement(asked, kept.run, world, now) if not kept.actions else Retirement()
    return Plan(
        run=kept.run,
        ready=ready(Ready.ENDED, f"Run {run.number} has ended; {_next_step(asked, run)} starts the next one"),
        after=(*_delete(asked, world), *kept.actions, *_leave(asked, kept, world), *goes.actions),
        look_again=goes.look_again,
    )


def _not_begun(asked: Troubleshooter) -> Condition:
    if asked.deleting:
        return ready(Ready.ENDED, _DELETED)
    return ready(Ready.STOPPED, "Nothing runs because spec.state is Stopped; set it to Running to start")


def _leave(asked: Troubleshooter, kept: Kept, world: World) -> list[Action]:
    """Its own namespace goes last: once the pod is gone, and what is kept is told and in the status."""
    if world.pod is not None or kept.actions or not may_go(asked, kept.run):
        return []
    return [RemoveNamespace(asked.uid)]


def _next_step(asked: Troubleshooter, run: Run) -> str:
    running = " and spec.state: Running" if asked.stopped else ""
    return f"spec.run: {max(asked.wanted_run, run.number + 1)}{running}"


def _delete(asked: Troubleshooter, world: World) -> list[Action]:
    pod = world.pod
    if pod is None or owner_uid(pod) != asked.uid or is_deleting(pod):
        return []
    return [*_watched_again(asked, world), DeletePod(asked.pod_namespace, name_of(pod), uid_of(pod))]


def _watched_again(asked: Troubleshooter, world: World) -> tuple[Action, ...]:
    ours = world.pod is not None and owner_uid(world.pod) == asked.uid
    return watched_again(asked, world.pod) if world.pod is not None and ours else ()


def _is_stop_wanted(asked: Troubleshooter, run: Run) -> bool:
    """A higher run ends the one in force: what is asked for is that the next one runs."""
    return not asked.deleting and (asked.stopped or asked.wanted_run > run.number)


def _has_failed(box: Toolbox) -> bool:
    """Over, and not only because its command could not be run: that is told until the image is mended."""
    return box.over and (bool(box.pod_reason) or bool(box.disruption) or box.finished is None)
