"""The caches of all kinds that the operator watches, and whose an object is in each of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from troubleshooter_agent.contract import (
    ANNOTATION_NAME,
    ANNOTATION_NAMESPACE,
    ANNOTATION_UID,
    TEMPORARY_PREFIX,
)
from troubleshooter_operator import excerpt, kinds
from troubleshooter_operator.excerpt import Excerpt
from troubleshooter_operator.graveyard import owner_key
from troubleshooter_operator.kinds import Json, Kind, annotations, metadata
from troubleshooter_operator.occupancy import mounted_claims
from troubleshooter_operator.partition import Cache, Partition
from troubleshooter_operator.store import Key, Store


def claim_key(claim: Json) -> Key | None:
    """The Troubleshooter whose latest recordings a claim says it holds."""
    marks, namespace = annotations(claim), str(metadata(claim)["namespace"])
    if namespace == TEMPORARY_PREFIX + marks.get(ANNOTATION_UID, ""):
        namespace = marks.get(ANNOTATION_NAMESPACE, namespace)
    name = marks.get(ANNOTATION_NAME)
    return (namespace, name) if name else None


def volume_key(volume: Json) -> Key | None:
    """The same of a volume, which is in no namespace itself."""
    marks = annotations(volume)
    name, namespace = marks.get(ANNOTATION_NAME), marks.get(ANNOTATION_NAMESPACE)
    return (namespace, name) if name and namespace else None


def mount_key(namespace: str, claim: str) -> Key:
    """The group of the pods that mount a claim; no Troubleshooter has a slash in its name."""
    return namespace, f"claim/{claim}"


def replays_key(namespace: str) -> Key:
    """The group of all Replays of a namespace."""
    return namespace, "replay/*"


def _groups_of_replay(found: Json) -> list[Key]:
    return [replays_key(str(metadata(found)["namespace"]))]


def _groups_of_pod(pod: Json) -> list[Key]:
    """Found again at each pod that is made, so not by a look at all the others."""
    owner, namespace = owner_key(pod), str(metadata(pod).get("namespace") or "")
    return [*([owner] if owner else []), *(mount_key(namespace, claim) for claim in mounted_claims(pod))]


def _groups(whose: Callable[[Json], Key | None]) -> Callable[[Json], list[Key]]:
    """By whose an object is and nothing else."""

    def group(thing: Json) -> list[Key]:
        key = whose(thing)
        return [key] if key is not None else []

    return group


_Made = tuple[Callable[[Json], Iterable[Key]], Excerpt]
_TROUBLESHOOTERS: Final[_Made] = (lambda _: (), excerpt.BY_KIND[kinds.TROUBLESHOOTER.name])
_REPLAYS: Final[_Made] = (_groups_of_replay, excerpt.BY_KIND[kinds.REPLAY.name])
_PODS: Final[_Made] = (_groups_of_pod, excerpt.BY_KIND[kinds.POD.name])
_CLAIMS: Final[_Made] = (_groups(claim_key), excerpt.BY_KIND[kinds.CLAIM.name])
_VOLUMES: Final[_Made] = (_groups(volume_key), excerpt.BY_KIND[kinds.VOLUME.name])


@dataclass(frozen=True)
class Stores:
    troubleshooters: Cache = field(default_factory=lambda: Store(*_TROUBLESHOOTERS))
    replays: Cache = field(default_factory=lambda: Store(*_REPLAYS))
    classes: Cache = field(default_factory=Store)
    pods: Cache = field(default_factory=lambda: Store(*_PODS))
    claims: Cache = field(default_factory=lambda: Store(*_CLAIMS))
    volumes: Cache = field(default_factory=lambda: Store(*_VOLUMES))

    @classmethod
    def over(cls, namespaces: Sequence[str]) -> Self:
        """For these namespaces only; for the whole cluster if there are none."""
        if not namespaces:
            return cls()

        def parts(index: Callable[[Json], Iterable[Key]], part: Excerpt) -> Partition:
            return Partition({name: Store(index, part) for name in namespaces})

        return cls(
            troubleshooters=parts(*_TROUBLESHOOTERS),
            replays=parts(*_REPLAYS),
            pods=parts(*_PODS),
            claims=parts(*_CLAIMS),
        )

    def store(self, kind: Kind) -> Store:
        """Where the informer of this kind, within its namespace, puts what it hears."""
        found = self.of(replace(kind, within=""))
        if isinstance(found, Partition):
            return found.stores[kind.within]
        if isinstance(found, Store):
            return found
        raise TypeError(f"no informer writes into {found}")

    def of(self, kind: Kind) -> Cache:
        return {
            kinds.TROUBLESHOOTER: self.troubleshooters,
            kinds.REPLAY: self.replays,
            kinds.CLASS: self.classes,
            kinds.POD: self.pods,
            kinds.CLAIM: self.claims,
            kinds.VOLUME: self.volumes,
        }[kind]
