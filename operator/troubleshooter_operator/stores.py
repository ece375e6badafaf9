"""The caches of all kinds that the operator watches, and whose an object is in each of them."""

from dataclasses import dataclass, field

from troubleshooter_agent.contract import ANNOTATION_NAME, ANNOTATION_NAMESPACE
from troubleshooter_operator import kinds
from troubleshooter_operator.graveyard import owner_key
from troubleshooter_operator.kinds import Json, Kind, annotations, metadata
from troubleshooter_operator.store import Key, Store


def claim_key(claim: Json) -> Key | None:
    """The Troubleshooter whose latest recordings a claim says it holds."""
    name = annotations(claim).get(ANNOTATION_NAME)
    return (str(metadata(claim)["namespace"]), name) if name else None


def volume_key(volume: Json) -> Key | None:
    """The same of a volume, which is in no namespace itself."""
    marks = annotations(volume)
    name, namespace = marks.get(ANNOTATION_NAME), marks.get(ANNOTATION_NAMESPACE)
    return (namespace, name) if name and namespace else None


@dataclass(frozen=True)
class Stores:
    troubleshooters: Store = field(default_factory=Store)
    classes: Store = field(default_factory=Store)
    pods: Store = field(default_factory=lambda: Store(owner_key))
    claims: Store = field(default_factory=lambda: Store(claim_key))
    volumes: Store = field(default_factory=lambda: Store(volume_key))

    def of(self, kind: Kind) -> Store:
        return {
            kinds.TROUBLESHOOTER: self.troubleshooters,
            kinds.CLASS: self.classes,
            kinds.POD: self.pods,
            kinds.CLAIM: self.claims,
            kinds.VOLUME: self.volumes,
        }[kind]
