"""What becomes of a volume that the operator has no right to change, from what it may read; pure.

In the namespaced mode no volume is patched. The volume itself tells, if it may be read; else the StorageClass
does, for a volume that its provisioner has made: one that was there before may have any reclaim policy.
"""

from dataclasses import dataclass
from typing import Final

from troubleshooter_operator.conditions import Condition, RecordingsRetained, retained
from troubleshooter_operator.kinds import Json, annotations, name_of, uid_of
from troubleshooter_operator.volume import RETAIN

# Set on the claim by Kubernetes when a provisioner is asked for a volume.
PROVISIONER: Final = (
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
REMEDY: Final = (
    "an administrator can use a StorageClass with reclaimPolicy Retain, or let the operator read "
    "persistentvolumes"
)


@dataclass(frozen=True)
class Reclaim:
    """`policy` None: unknown, and `source` says why; else `source` says who told it."""

    policy: str | None
    source: str


def reclaim(claim: Json, volume: Json | None, storage_class: Json | None) -> Reclaim:
    """Of a claim that is bound; None for what may not be read or is not there."""
    name = claim["spec"].get("volumeName")
    if volume is not None:
        if (volume["spec"].get("claimRef") or {}).get("uid") != uid_of(claim):
            return Reclaim(None, f"volume {name} does not belong to claim {name_of(claim)}")
        return Reclaim(volume["spec"].get("persistentVolumeReclaimPolicy"), f"volume {name} says so")
    if storage_class is None:
        return Reclaim(None, f"the operator may read neither volume {name} nor its StorageClass")
    maker = storage_class.get("provisioner")
    if maker not in [annotations(claim).get(key) for key in PROVISIONER]:
        return Reclaim(
            None, f"volume {name} may not be read, and StorageClass {name_of(storage_class)} did not make it"
        )
    policy = storage_class.get("reclaimPolicy") or "Delete"
    return Reclaim(policy, f"StorageClass {name_of(storage_class)} makes such volumes")


def judged(found: Reclaim) -> Condition:
    """The condition RecordingsRetained where the operator may not set the policy."""
    if found.policy == RETAIN:
        return retained(
            RecordingsRetained.RETAINED, f"The volume is kept when its claim is deleted: {found.source}"
        )
    if found.policy is None:
        return retained(
            RecordingsRetained.NOT_PERMITTED,
            f"Whether the volume is kept is not known: {found.source}; {REMEDY}",
        )
    return retained(
        RecordingsRetained.NOT_PERMITTED,
        f"The volume goes with its claim (reclaim policy {found.policy}: {found.source}), and the operator "
        f"may not change that; {REMEDY}",
    )
