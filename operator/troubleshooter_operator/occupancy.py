"""Whether a claim may be mounted by one more toolbox, and by this one; pure.

Kubernetes itself would let two pods of one node write on a ReadWriteOnce volume, and would leave a pod of
another node waiting for its mount without a word. So it is decided here, from the pods that we made.
"""

from collections.abc import Iterable
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_REQUESTED_BY, LABEL_NAME, UNVERIFIED
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import Json, annotations, labels, metadata, name_of, owner_uid

_SEVERAL: Final = "ReadWriteMany"
_OVER: Final = frozenset({"Succeeded", "Failed"})


def mounted_claims(pod: Json) -> list[str]:
    """Names of the claims that a pod mounts."""
    volumes = pod["spec"].get("volumes") or []
    return [
        found["persistentVolumeClaim"]["claimName"] for found in volumes if "persistentVolumeClaim" in found
    ]


def occupants(claim: Json, pods: Iterable[Json], owner: str) -> tuple[Json, ...]:
    """The pods of others that hold this claim; none where several may write at the same time."""
    if _SEVERAL in (claim["spec"].get("accessModes") or ()):
        return ()
    where, name = metadata(claim).get("namespace"), name_of(claim)
    return tuple(
        pod
        for pod in pods
        if metadata(pod).get("namespace") == where
        and owner_uid(pod) != owner
        and (pod.get("status") or {}).get("phase") not in _OVER
        and name in mounted_claims(pod)
    )


def in_use(claim_name: str, pod: Json) -> RefusedError:
    who = labels(pod).get(LABEL_NAME, name_of(pod))
    return RefusedError(
        Ready.VOLUME_PENDING,
        f"Claim {claim_name} is in use by Troubleshooter {who} (pod {name_of(pod)}) and is for one at a "
        "time; this one starts when that has ended, or name another claim in saveToDisk.claimName",
    )


def refuse_claim_of_another(claim: Json, requested_by: str, *, checked: bool) -> None:
    """Writing is for toolboxes of one requester. `checked`: who names nobody could have given a name."""
    theirs = annotations(claim).get(ANNOTATION_REQUESTED_BY, UNVERIFIED)
    if checked and requested_by == UNVERIFIED != theirs:
        raise RefusedError(
            Ready.CLAIM_NOT_OURS,
            f"Claim {name_of(claim)} holds recordings of {theirs}, and nobody is known to have asked for "
            f"this toolbox; if that is you, make it with the annotation {ANNOTATION_REQUESTED_BY}: {theirs}"
            ", else name another claim in saveToDisk.claimName",
        )
    if UNVERIFIED not in {theirs, requested_by} and theirs != requested_by:
        raise RefusedError(
            Ready.CLAIM_NOT_OURS,
            f"Claim {name_of(claim)} holds recordings of {theirs}, and only toolboxes of the same requester "
            f"may write on it, not one of {requested_by}; name another in saveToDisk.claimName",
        )
