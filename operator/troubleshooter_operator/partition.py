"""Which namespaces the operator works in, and the caches where it may watch only some of them.

A list of one namespace must not take another's objects for gone, so each has a store of its own; to all who
only read, they look like one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from troubleshooter_agent.contract import SYSTEM_NAMESPACE
from troubleshooter_operator.kinds import Json, Kind
from troubleshooter_operator.store import Key, Store, key_of

# Where Kubernetes tells a pod with a service account's token its own namespace.
_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class Cache(Protocol):
    """What a reader needs of a store, and who writes through it."""

    def get(self, namespace: str, name: str) -> Json | None: ...

    def all(self) -> list[Json]: ...

    def group(self, key: Key) -> list[Json]: ...

    def remember(self, thing: Json) -> None: ...


@dataclass(frozen=True)
class Partition:
    """Stores by namespace; what is in none of them is not kept."""

    stores: dict[str, Store] = field(default_factory=dict)

    def get(self, namespace: str, name: str) -> Json | None:
        store = self.stores.get(namespace)
        return store.get(namespace, name) if store else None

    def all(self) -> list[Json]:
        return [thing for store in self.stores.values() for thing in store.all()]

    def group(self, key: Key) -> list[Json]:
        return [thing for store in self.stores.values() for thing in store.group(key)]

    def remember(self, thing: Json) -> None:
        namespace, _ = key_of(thing)
        if namespace in self.stores:
            self.stores[namespace].remember(thing)


def parse_namespaces(text: str) -> tuple[str, ...]:
    """`a,b` as names, each once. ValueError with one sentence if one cannot be a namespace."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if not _LABEL.fullmatch(name):
            raise ValueError(
                f"{name!r} cannot be a namespace; give names of a-z, 0-9 and - with commas between, "
                "such as team-a,team-b"
            )
    return tuple(dict.fromkeys(names))


def watched(kinds: Sequence[Kind], namespaces: Sequence[str]) -> list[Kind]:
    """What to list and watch: each kind once, or, where only some namespaces are ours, once in each of them.

    Cluster-scoped kinds stay as they are.
    """
    if not namespaces:
        return list(kinds)
    return [
        found
        for kind in kinds
        for found in ([replace(kind, within=name) for name in namespaces] if kind.namespaced else [kind])
    ]


def own_namespace(file: Path = _NAMESPACE_FILE) -> str:
    """The namespace that the operator runs in; outside of a pod, that of deploy/base."""
    try:
        return file.read_text().strip()
    except OSError:
        return SYSTEM_NAMESPACE
