"""Where the recordings are that a Replay is to read, and whose they are; pure.

`replay_observe` gives it what the caches have. A claim tells whose it is by annotations that only the
operator writes; it is never mounted without the label that makes it one of recordings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from troubleshooter_agent.contract import ANNOTATION_NAME, ANNOTATION_NAMESPACE, LABEL_RECORDINGS
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import Json, annotations, is_deleting, name_of
from troubleshooter_operator.replay import Replay
from troubleshooter_operator.resources import CLAIM_SUFFIX, Troubleshooter


@dataclass(frozen=True)
class Source:
    """A claim that can be mounted, and the Troubleshooter whose recordings it holds."""

    claim: Json
    namespace: str
    name: str

    @property
    def claim_name(self) -> str:
        return name_of(self.claim)

    @property
    def recordings_of(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Shelves:
    """What there is to choose from: the claims of recordings in the Replay's namespace, and the rest of it.

    `troubleshooter` is the one that the Replay names, `volumes` are those that are marked as of recordings.
    """

    claims: tuple[Json, ...] = ()
    troubleshooter: Troubleshooter | None = None
    volumes: tuple[Json, ...] = ()


def find_source(asked: Replay, shelves: Shelves) -> Source:
    """RefusedError with RecordingsNotFound or VolumePending, and what to do."""
    if asked.troubleshooter_name is not None:
        return _of_troubleshooter(asked, asked.troubleshooter_name, shelves)
    claim = _bound_claim(asked, shelves) if asked.wanted_volume else _named(asked, shelves.claims)
    whose = _whose(claim, shelves)
    if whose is None:
        raise _not_found(
            f"Claim {name_of(claim)} does not tell whose recordings it holds, so nobody can be let in to "
            "read them; name the Troubleshooter in troubleshooterName"
        )
    return Source(_usable(claim), *whose)


def _of_troubleshooter(asked: Replay, name: str, shelves: Shelves) -> Source:
    """By its status, which the operator writes; where that is gone, by the name that claims have."""
    there = shelves.troubleshooter
    run = there.run if there is not None else None
    if there is not None and there.temporary_namespace:
        raise _not_found(
            f"Troubleshooter {name} has its recordings in namespace {there.pod_namespace}; read them in its "
            "toolbox while that is there, and afterwards have their volume bound in this namespace and name "
            "it in persistentVolumeName"
        )
    if run is not None and run.claim_name is None:
        raise _not_found(f"Troubleshooter {name} saves nothing to disk, so there is nothing to be read")
    wanted = run.claim_name if run is not None and run.claim_name else name + CLAIM_SUFFIX
    claim = _by_name(wanted, shelves.claims)
    if claim is None:
        raise _not_found(
            f"There is no claim {wanted} of recordings in namespace {asked.namespace}; if its volume was "
            "kept, have that bound again and name it in persistentVolumeName, or name another claim in "
            "claimName"
        )
    whose = _whose(claim, shelves)
    if run is None and whose not in {None, (asked.namespace, name)}:
        raise _not_found(
            f"Claim {wanted} holds recordings of {'/'.join(whose or ())}, not of Troubleshooter {name}; name "
            "it in claimName to read those"
        )
    return Source(_usable(claim), asked.namespace, name)


def _named(asked: Replay, claims: Iterable[Json]) -> Json:
    found = _by_name(asked.wanted_claim or "", claims)
    if found is None:
        raise _not_found(
            f"There is no claim {asked.wanted_claim} with the label {LABEL_RECORDINGS}=true in namespace "
            f"{asked.namespace}; kubectl get pvc -l {LABEL_RECORDINGS}=true lists those that hold recordings"
        )
    return found


def _bound_claim(asked: Replay, shelves: Shelves) -> Json:
    wanted = asked.wanted_volume
    bound = [claim for claim in shelves.claims if claim["spec"].get("volumeName") == wanted]
    if not bound:
        raise _not_found(
            f"No claim of recordings in namespace {asked.namespace} is bound to volume {wanted}; an "
            f"administrator can bind it again: deploy/scripts/bind-recordings.sh {wanted} {asked.namespace}"
        )
    return bound[0]


def _usable(claim: Json) -> Json:
    """A pod on any other would wait without a word, or be the first on an empty volume."""
    name, phase = name_of(claim), (claim.get("status") or {}).get("phase")
    if is_deleting(claim):
        raise _pending(
            f"Claim {name} is being deleted; once it is gone, have its volume bound again and name it in "
            "persistentVolumeName"
        )
    if phase == "Lost":
        raise _pending(f"Claim {name} has lost its volume; if that was kept, have it bound again")
    if phase != "Bound":
        raise _pending(f"Claim {name} is not bound to a volume yet, so nothing is recorded on it")
    return claim


def _whose(claim: Json, shelves: Shelves) -> tuple[str, str] | None:
    """Namespace and name of the Troubleshooter whose latest recordings are there, if they are told."""
    bound = [volume for volume in shelves.volumes if name_of(volume) == claim["spec"].get("volumeName")]
    for marks in map(annotations, (claim, *bound)):
        namespace, name = marks.get(ANNOTATION_NAMESPACE), marks.get(ANNOTATION_NAME)
        if namespace and name:
            return namespace, name
    return None


def _by_name(name: str, claims: Iterable[Json]) -> Json | None:
    return next((claim for claim in claims if name_of(claim) == name), None)


def _not_found(message: str) -> RefusedError:
    return RefusedError(Ready.RECORDINGS_NOT_FOUND, message)


def _pending(message: str) -> RefusedError:
    return RefusedError(Ready.VOLUME_PENDING, message)
