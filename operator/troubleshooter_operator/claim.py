"""The claim of a Troubleshooter's recordings, and what claim and volume say about whose they are; pure.

The claim has no owner reference: it outlives the Troubleshooter, so its annotations must tell what the owner
could.
"""

from typing import Final

from troubleshooter_agent import contract
from troubleshooter_operator.kinds import Json, annotations
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Resolved, Run

UNKNOWN: Final = "unknown"  # ended-at of a run that ended while nobody looked
Changes = dict[str, str | None]  # None takes an annotation away, as a merge patch does


def claim_manifest(asked: Troubleshooter, resolved: Resolved, requested_by: str) -> Json:
    spec: Json = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": resolved.size}}}
    if resolved.storage_class:
        spec["storageClassName"] = resolved.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": resolved.claim_name,
            "namespace": asked.pod_namespace,
            "labels": {
                contract.LABEL_RECORDINGS: "true",
                contract.LABEL_NAME: asked.name,
                contract.LABEL_MANAGED_BY: contract.MANAGED_BY,
            },
            "annotations": _identity(asked, requested_by),
        },
        "spec": spec,
    }


def ownership_changes(thing: Json, asked: Troubleshooter, run: Run, requested_by: str) -> Changes:
    """What the annotations of claim or volume must become for them to tell of this run.

    Of several Troubleshooters on one claim the latest that started is told: another's mark is only replaced
    by a run that started after it, so two never overwrite each other in turns.
    """
    have = annotations(thing)
    if not _may_mark(have, asked, run):
        return {}
    wanted: Changes = dict(_identity(asked, requested_by))
    if run.started_at:
        over = run.ended is not None
        wanted[contract.ANNOTATION_RUN] = str(run.number)
        wanted[contract.ANNOTATION_STARTED_AT] = run.started_at
        wanted[contract.ANNOTATION_ENDED_AT] = (run.ended_at or UNKNOWN) if over else None
        wanted[contract.ANNOTATION_END] = str(run.ended.reason) if run.ended else None
        wanted[contract.ANNOTATION_CHAIN] = run.chain if over else None
    return {name: value for name, value in wanted.items() if have.get(name) != value}


def _may_mark(have: dict[str, str], asked: Troubleshooter, run: Run) -> bool:
    if have.get(contract.ANNOTATION_UID) in {None, asked.uid}:
        return True
    return run.started_at is not None and run.started_at > have.get(contract.ANNOTATION_STARTED_AT, "")


def _identity(asked: Troubleshooter, requested_by: str) -> dict[str, str]:
    return {
        contract.ANNOTATION_NAMESPACE: asked.namespace,
        contract.ANNOTATION_NAME: asked.name,
        contract.ANNOTATION_UID: asked.uid,
        contract.ANNOTATION_REQUESTED_BY: requested_by,
        contract.ANNOTATION_PURPOSE: asked.purpose,
    }
