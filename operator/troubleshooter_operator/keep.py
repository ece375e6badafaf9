"""What claim and volume must be and say for a run's recordings to be kept; pure, part of every plan."""

from dataclasses import dataclass, replace
from typing import Final

from troubleshooter_operator.actions import Action, PatchClaim, PatchVolume
from troubleshooter_operator.claim import Changes, ownership_changes
from troubleshooter_operator.conditions import Condition, RecordingsRetained, retained
from troubleshooter_operator.kinds import Json, name_of, uid_of
from troubleshooter_operator.reclaim import Reclaim, judged
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run
from troubleshooter_operator.volume import is_retained, retention
from troubleshooter_operator.world import World

NOT_SAVED: Final = retained(RecordingsRetained.NOT_REQUESTED, "Nothing is saved to disk, as asked for")


@dataclass(frozen=True)
class Kept:
    run: Run
    actions: tuple[Action, ...] = ()


def keep_recordings(asked: Troubleshooter, run: Run, world: World) -> Kept:
    """The run with what is known of its volume, and the patches that claim and volume still need."""
    if run.resolved is not None and not run.resolved.save_to_disk:
        return Kept(replace(run, retained=NOT_SAVED))
    if world.claim is None and world.volume is None and _is_retained(run.retained):
        return Kept(run)
    claim_patch = _claim_patch(asked, run, world)
    if world.reclaim is not None:
        return Kept(_with_reclaim(run, world.claim, world.reclaim), claim_patch)
    found = retention(world.claim, world.volume, _ownership(asked, run, world, world.volume))
    seen = _with_names(replace(run, retained=_retained(run, found.condition)), world)
    patch = found.patch if world.volume is not None and _may_touch(asked, world.volume) else None
    volume_patch = [PatchVolume(name_of(world.volume), patch)] if world.volume and patch else []
    return Kept(seen, (*claim_patch, *volume_patch))


def _with_reclaim(run: Run, claim: Json | None, found: Reclaim) -> Run:
    """Where somebody else decides what becomes of the volume."""
    if claim is not None:
        run = replace(run, claim_name=name_of(claim), volume_name=claim["spec"].get("volumeName"))
    return replace(run, retained=_retained(run, judged(found)), reclaim_policy=found.policy)


def _ownership(asked: Troubleshooter, run: Run, world: World, thing: Json | None) -> Changes:
    return ownership_changes(thing or {}, asked, run, world.requested_by)


def _claim_patch(asked: Troubleshooter, run: Run, world: World) -> tuple[Action, ...]:
    claim = world.claim
    changes = _ownership(asked, run, world, claim) if claim else {}
    if claim is None or not changes:
        return ()
    return (PatchClaim(asked.pod_namespace, name_of(claim), uid_of(claim), changes),)


def _with_names(run: Run, world: World) -> Run:
    if world.claim is not None:
        run = replace(run, claim_name=name_of(world.claim))
    if world.volume is not None:
        policy = world.volume["spec"].get("persistentVolumeReclaimPolicy")
        run = replace(run, volume_name=name_of(world.volume), reclaim_policy=policy)
    return run


def _may_touch(asked: Troubleshooter, volume: Json) -> bool:
    """After an end that was told, of a run whose volume was kept, who sets another policy means it."""
    told = asked.run is not None and asked.run.ended is not None and _is_retained(asked.run.retained)
    return not told or is_retained(volume)


def _retained(run: Run, observed: Condition) -> Condition:
    """What was refused stays told until the volume is kept after all."""
    have = run.retained
    if have is None or observed.status:
        return observed
    kept_before = run.ended is not None and have.status
    refused = have.reason == RecordingsRetained.NOT_PERMITTED
    return have if kept_before or (refused and observed.reason == RecordingsRetained.PENDING) else observed


def _is_retained(condition: Condition | None) -> bool:
    return condition is not None and condition.status
