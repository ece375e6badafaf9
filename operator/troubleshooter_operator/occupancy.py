"""Whether a claim may be mounted by one more toolbox, and by this one; pure.

Kubernetes itself would let two pods of one node write on a ReadWriteOnce volume, and would leave a pod of
another node waiting for its mount without a word. So it is decided here, from the pods that we made.
"""

from collections.abc import Iterable
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_REQUESTED_BY, LABEL_NAME, UNVERIFIED
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import (
    Json,
    annotations,
    is_replay_pod,
    labels,
    metadata,
    name_of,
    owner_uid,
)

_SEVERAL: Final = "ReadWriteMany"
_ONE_POD: Final = "ReadWriteOncePod"
_OVER: Final = frozenset({"Succeeded", "Failed"})


def mounted_claims(pod: Json) -> list[str]:
    """Names of the claims that a pod mounts."""
    volumes = pod["spec"].get("volumes") or []
    return [
        found["persistentVolumeClaim"]["claimName"] for found in volumes if "persistentVolumeClaim" in found
    ]


def written_claims(pod: Json) -> list[str]:
    """Those that it may write on: a Replay mounts its claim to read it."""
    volumes = pod["spec"].get("volumes") or []
    mounts = [found["persistentVolumeClaim"] for found in volumes if "persistentVolumeClaim" in found]
    return [mount["claimName"] for mount in mounts if not mount.get("readOnly")]


def is_for_one_pod(claim: Json) -> bool:
    """Whether Kubernetes lets no second pod have it, not even to read."""
    return _ONE_POD in (claim["spec"].get("accessModes") or ())


def is_shared(claim: Json) -> bool:
    """Whether its volume can be on several nodes at once."""
    return _SEVERAL in (claim["spec"].get("accessModes") or ())


def occupants(claim: Json, pods: Iterable[Json], owner: str) -> tuple[Json, ...]:
    """The pods of others that keep a toolbox from writing on this claim; none where several may write."""
    if is_shared(claim):
        return ()
    held = mounted_claims if is_for_one_pod(claim) else written_claims
    where, name = metadata(claim).get("namespace"), name_of(claim)
    return tuple(
        pod
        for pod in pods
        if metadata(pod).get("namespace") == where
        and owner_uid(pod) != owner
        and (pod.get("status") or {}).get("phase") not in _OVER
        and name in held(pod)
    )


def in_use(claim_name: str, pod: Json) -> RefusedError:
    if is_replay_pod(pod):
        return in_use_by_one_pod(claim_name, pod)
    who = labels(pod).get(LABEL_NAME, name_of(pod))
    return RefusedError(
        Ready.VOLUME_PENDING,
        f"Claim {claim_name} is in use by Troubleshooter {who} (pod {name_of(pod)}) and is for one at a "
        "time; this one starts when that has ended, or name another claim in saveToDisk.claimName",
    )


def in_use_by_one_pod(claim_name: str, pod: Json) -> RefusedError:
    who = ("Replay" if is_replay_pod(pod) else "pod") + f" {name_of(pod)}"
    return RefusedError(
        Ready.VOLUME_PENDING,
        f"Claim {claim_name} is {_ONE_POD}, so only one pod at a time may even read it, and {who} has it; "
        "this one starts when that is gone: wait, delete that, or read in it",
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
