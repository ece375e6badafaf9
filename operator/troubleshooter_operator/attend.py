"""While the toolbox runs: keep its volume, tell it what it must know, end it when its time has come; pure."""

from dataclasses import replace

from troubleshooter_agent.contract import ANNOTATION_RETAINED, EndReason, parse_duration, parse_time
from troubleshooter_operator.actions import Action
from troubleshooter_operator.conditions import Condition, Ready, ready
from troubleshooter_operator.endings import decided_end, image_changed
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.expiry import Verdict, judge
from troubleshooter_operator.keep import keep_recordings
from troubleshooter_operator.leave import GOING_SECONDS, has_seen, leave
from troubleshooter_operator.life import life
from troubleshooter_operator.podspec import longest_life
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run
from troubleshooter_operator.tell import retained_word, tell, watched_again
from troubleshooter_operator.toolbox import Toolbox
from troubleshooter_operator.world import Plan, World


def attend(asked: Troubleshooter, run: Run, world: World, box: Toolbox, *, stop: bool, now: float) -> Plan:
    """`stop`: the resource asks for the end of this run."""
    kept = keep_recordings(asked, run, world)
    found = life(asked, kept.run, box, world.report)
    run = found.run
    verdict = _judge(run, box, now)
    reason = run.ending or decided_end(box) or _decide(run, box, verdict, stop=stop)
    if reason is not None:
        return _end(asked, replace(run, ending=reason), world, box, keep=kept.actions, now=now)
    told = () if box.deleting else tell(asked, run, world, found.extension)
    return Plan(
        run=run,
        ready=_ready(asked, run, box, found.refused),
        before=(*told, *kept.actions),
        look_again=now + GOING_SECONDS if box.deleting else verdict.look_again,
        unbegun=run,
    )


def _judge(run: Run, box: Toolbox, now: float) -> Verdict:
    seen = parse_time(run.observed_running_at) if run.observed_running_at else None
    # Without a class that tells, the longest life that the pod was made for.
    longest = longest_life(box.cap_seconds)
    seconds = parse_duration(run.resolved.time_to_live) if run.resolved else longest
    return judge(now=now, accepted_at=box.accepted_at, seen_running_at=seen, life_seconds=seconds)


def _decide(run: Run, box: Toolbox, verdict: Verdict, *, stop: bool) -> EndReason | None:
    if image_changed(run, box):
        return EndReason.IMAGE_CHANGED
    if stop:
        return EndReason.STOPPED
    return verdict.end


def _end(
    asked: Troubleshooter, run: Run, world: World, box: Toolbox, *, keep: tuple[Action, ...], now: float
) -> Plan:
    assert world.pod is not None
    known = world.report is not None and bool(world.report.end)
    told = known or has_seen(world.told_to_end_at, now)
    marks = () if box.deleting else watched_again(asked, world.pod)
    return leave(run, world.pod, box, (*marks, *keep), told=told, what="toolbox", now=now)


def _ready(asked: Troubleshooter, run: Run, box: Toolbox, refused: RefusedError | None) -> Condition:
    if box.deleting:
        return ready(Ready.ENDED, "The toolbox is ending: its pod is being deleted")
    if refused is not None:
        return ready(Ready(refused.reason), str(refused))
    word = retained_word(run)
    if word is None:
        why = run.retained.message if run.retained else "The volume has not been seen yet"
        return ready(Ready.PROVISIONING, f"No shell is opened before the volume is kept: {why}")
    if box.annotations.get(ANNOTATION_RETAINED) != word:
        return ready(Ready.PROVISIONING, "The toolbox is being told what becomes of its recordings")
    if not box.ready:
        return ready(Ready.PROVISIONING, "The container runs, and the toolbox in it is not ready yet")
    command = f"kubectl exec -it -n {asked.pod_namespace} {asked.pod_name} -- shell"
    return ready(Ready.SHELL_AVAILABLE, f"Open a recorded shell with: {command}")
