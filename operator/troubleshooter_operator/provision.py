"""From nothing to a started container; pure. Until then every change of spec and class is taken up."""

from dataclasses import replace
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_MANIFEST, EndReason
from troubleshooter_operator.actions import CreateClaim, CreatePod, DeletePod
from troubleshooter_operator.claim import claim_manifest
from troubleshooter_operator.conditions import Condition, Ready, RecordingsRetained, ready, retained
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.expiry import judge
from troubleshooter_operator.identity import identity_annotations
from troubleshooter_operator.keep import NOT_SAVED, keep_recordings
from troubleshooter_operator.kinds import (
    TROUBLESHOOTER,
    Json,
    Kind,
    annotations,
    is_deleting,
    metadata,
    name_of,
    owner_uid,
)
from troubleshooter_operator.occupancy import in_use, refuse_claim_of_another
from troubleshooter_operator.pod import pod_manifest
from troubleshooter_operator.resolve import find_class, resolve
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Resolved, Run
from troubleshooter_operator.starting import why_not_started
from troubleshooter_operator.tell import tell, watched_again
from troubleshooter_operator.temporary import prepare_namespace
from troubleshooter_operator.toolbox import Toolbox
from troubleshooter_operator.world import Plan, World

# How soon to look again at what no watch shows: a foreign pod or claim that goes, a quota that is raised.
UNWATCHED_SECONDS: Final = 10.0


def provision(asked: Troubleshooter, run: Run, last: Run | None, world: World, now: float) -> Plan:
    """Make what is missing. `last` is what the status goes on telling of if nothing can be made."""
    try:
        _refuse_what_is_in_the_way(asked, world)
        resolved, manifest = _manifest(asked, run, world)
        namespace = prepare_namespace(asked, find_class(asked.class_name, world.classes), world)
    except RefusedError as refused:
        return _refusal(last, refused, now)
    missing_claim = _missing_claim(asked, resolved, world)
    create = CreatePod(manifest, asked.uid, asked.name, asked.resource_version, asked.namespace)
    pending = retained(RecordingsRetained.PENDING, "The claim is not bound yet")
    kept = (run.retained or pending) if resolved.save_to_disk else NOT_SAVED
    things = f"Claim {resolved.claim_name} and pod" if resolved.save_to_disk else "Pod"
    verb = "are" if resolved.save_to_disk else "is"
    return Plan(
        run=replace(run, resolved=resolved, claim_name=resolved.claim_name, retained=kept),
        ready=ready(Ready.PROVISIONING, f"{things} {asked.pod_name} {verb} being made"),
        before=(*namespace, *missing_claim, create),
        unbegun=last,
    )


def _missing_claim(asked: Troubleshooter, resolved: Resolved, world: World) -> list[CreateClaim]:
    if resolved.claim_name is None or world.claim is not None:
        return []
    return [CreateClaim(claim_manifest(asked, resolved, world.requested_by))]


def wait_for_start(asked: Troubleshooter, run: Run, world: World, box: Toolbox, now: float) -> Plan | Run:
    """A pod that has not started: keep it or replace it; a Run instead of a plan must end."""
    if box.deleting:
        going = ready(Ready.PROVISIONING, "The pod is being deleted; then it is made anew")
        return Plan(run, going, look_again=now + UNWATCHED_SECONDS)
    try:
        resolved, manifest = _manifest(asked, run, world)
    except RefusedError as refused:
        return _replacement(asked, run, world, ready(Ready(refused.reason), str(refused)))
    if annotations(manifest)[ANNOTATION_MANIFEST] != box.annotations.get(ANNOTATION_MANIFEST):
        return _replacement(asked, run, world, ready(Ready.PROVISIONING, "What was asked for has changed"))
    verdict = judge(now=now, accepted_at=box.accepted_at, seen_running_at=None, life_seconds=0)
    if verdict.end:
        return replace(run, ending=EndReason.START_FAILED)
    kept = keep_recordings(asked, replace(run, resolved=resolved), world)
    # What protects a claim from its deletion begins when its pod has a node.
    claim = [] if box.has_node else _missing_claim(asked, resolved, world)
    told = tell(asked, kept.run, world)
    condition = why_not_started(box, world.claim)
    return Plan(
        kept.run,
        condition,
        before=(*claim, *told, *kept.actions),
        look_again=verdict.look_again,
        unbegun=kept.run,
    )


def adopted(asked: Troubleshooter, run: Run, world: World) -> Resolved | None:
    """What is in force in a container that started while no operator was there; None if no class tells."""
    try:
        return _manifest(asked, run, world)[0]
    except RefusedError:
        return None


def _manifest(asked: Troubleshooter, run: Run, world: World) -> tuple[Resolved, Json]:
    offer = find_class(asked.class_name, world.classes)
    resolved = resolve(asked, offer)
    manifest = pod_manifest(asked, resolved, offer, run.number)
    # After the hash: a pod that waits is not made anew for what it can be told.
    manifest["metadata"]["annotations"] |= identity_annotations(world.requested_by, world.execs)
    return resolved, manifest


def _replacement(asked: Troubleshooter, run: Run, world: World, condition: Condition) -> Plan:
    """The status forgets the pod before it goes: a pod that is missing then is no lost one."""
    if world.pod is None:
        return Plan(run, condition)
    if again := watched_again(asked, world.pod):
        return Plan(run, condition, before=again, unbegun=run)
    # Its version too, so that a container which has started meanwhile is not taken away.
    version = str(metadata(world.pod)["resourceVersion"])
    delete = DeletePod(asked.pod_namespace, asked.pod_name, str(run.pod_uid), version)
    return Plan(replace(run, pod_uid=None), condition, after=(delete,))


def _refuse_what_is_in_the_way(asked: Troubleshooter, world: World) -> None:
    if world.pod is not None and owner_uid(world.pod) != asked.uid:
        raise pod_name_taken(world.pod)
    if world.pod is not None:
        raise RefusedError(Ready.PROVISIONING, f"Pod {asked.pod_name} of an earlier run is still there")
    if world.claim is not None:
        _refuse_claim(world.claim, world)


def _refuse_claim(claim: Json, world: World) -> None:
    if is_deleting(claim):
        raise RefusedError(
            Ready.VOLUME_PENDING,
            f"Claim {name_of(claim)} is being deleted; a new one is made when it is gone",
        )
    refuse_claim_of_another(claim, world.requested_by, checked=world.names_checked)
    for pod in world.occupants:
        raise in_use(name_of(claim), pod)


def pod_name_taken(pod: Json, kind: Kind = TROUBLESHOOTER) -> RefusedError:
    """`kind`: of what the pod is not."""
    name = name_of(pod)
    if is_deleting(pod):
        return RefusedError(
            Ready.PROVISIONING, f"Another pod named {name} is being deleted; ours is made when it is gone"
        )
    other = "another spec.name" if kind == TROUBLESHOOTER else "another name"
    return RefusedError(
        Ready.POD_NAME_TAKEN,
        f"Pod {name} exists and belongs to somebody else, so it is left alone; delete it, or make the "
        f"{kind.name} with {other}",
    )


def _refusal(last: Run | None, refused: RefusedError, now: float) -> Plan:
    return Plan(last, ready(Ready(refused.reason), str(refused)), look_again=now + UNWATCHED_SECONDS)
