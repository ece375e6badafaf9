"""What an informer knows of one kind of object: a cache that never goes back in time.

resourceVersions of one kind can be compared as numbers (Kubernetes says so since 1.35, and etcd has always
made them so). That lets our own writes be put in at once, before the watch brings them, without an older
picture coming back over them.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from troubleshooter_operator.excerpt import Excerpt, whole
from troubleshooter_operator.kinds import Json, metadata

Key = tuple[str, str]  # namespace (empty for cluster-scoped kinds) and name
_REPLAY: Final = "replay/"


@dataclass(frozen=True)
class Change:
    """`new` None: deleted, and `old` is the last state seen; `witnessed`: the deletion itself was seen."""

    old: Json | None
    new: Json | None
    witnessed: bool = True


def key_of(thing: Json) -> Key:
    return str(metadata(thing).get("namespace") or ""), str(metadata(thing)["name"])


def replay_key(namespace: str, name: str) -> Key:
    """Where a Replay stands beside the Troubleshooters, none of whose names has a slash."""
    return namespace, _REPLAY + name


def replay_name(key: Key) -> str | None:
    """The name of the Replay, if it is the key of one."""
    return key[1].removeprefix(_REPLAY) if key[1].startswith(_REPLAY) else None


def version_of(thing: Json) -> int:
    return int(metadata(thing)["resourceVersion"])


class Store:
    """Objects by key and by the groups that `index` puts them into. Safe to use from several threads.

    Of each only its `excerpt` is kept; it stands for all of the object to whoever reads it here.
    """

    def __init__(
        self, index: Callable[[Json], Iterable[Key]] = lambda _: (), excerpt: Excerpt = whole
    ) -> None:
        self._index = index
        self._excerpt = excerpt
        self._things: dict[Key, Json] = {}
        self._groups: dict[Key, set[Key]] = defaultdict(set)
        self._seen = 0  # up to which version the watch has told everything
        self._removed: dict[Key, int] = {}  # since the last list, at which version
        self._untold: dict[Key, int] = {}  # put in by an answer, at which version; no change told yet
        self._lock = threading.Lock()

    def get(self, namespace: str, name: str) -> Json | None:
        with self._lock:
            return self._things.get((namespace, name))

    def all(self) -> list[Json]:
        with self._lock:
            return list(self._things.values())

    def group(self, key: Key) -> list[Json]:
        with self._lock:
            return [self._things[member] for member in self._groups.get(key, ())]

    def remember(self, thing: Json) -> None:
        """What the API server answered to a write. What was deleted again since stays out.

        It may hold what others wrote just before, so the watch or list that brings it still tells of it.
        """
        thing = self._excerpt(thing)
        with self._lock:
            known = key_of(thing) in self._things or version_of(thing) > self._seen
            if known and self._put(thing) is not None:
                self._untold[key_of(thing)] = version_of(thing)

    def put(self, thing: Json) -> Change | None:
        """What a watch tells; None if we knew it, or something newer, already."""
        thing = self._excerpt(thing)
        with self._lock:
            self._seen = max(self._seen, version_of(thing))
            return self._put(thing)

    def remove(self, thing: Json) -> Change | None:
        """What a watch tells; None if it has told that before, or if a newer object has the name by now."""
        thing = self._excerpt(thing)
        with self._lock:
            key, version = key_of(thing), version_of(thing)
            self._seen = max(self._seen, version)
            known = self._things.get(key)
            if version <= self._removed.get(key, 0) or (known is not None and version_of(known) > version):
                return None
            self._removed[key] = version
            self._take_out(key)
            return Change(thing, None)

    def advance(self, version: str) -> None:
        with self._lock:
            self._seen = max(self._seen, int(version))

    def replace(self, things: Iterable[Json], version: str) -> list[Change]:
        """What a list tells, of excerpts; what is missing in it was deleted while nobody watched."""
        with self._lock:
            self._removed.clear()
            listed = {key_of(thing): thing for thing in things}
            changes = [change for thing in listed.values() if (change := self._put(thing))]
            gone = [
                key
                for key, thing in self._things.items()
                if key not in listed and version_of(thing) <= int(version)
            ]
            changes += [Change(self._take_out(key), None, witnessed=False) for key in gone]
            self._seen = max(self._seen, int(version))
            return changes

    def _put(self, thing: Json) -> Change | None:
        key = key_of(thing)
        old = self._things.get(key)
        known = max(version_of(old) if old is not None else 0, self._removed.get(key, 0))
        if old is not None and known == version_of(thing) == self._untold.get(key):
            del self._untold[key]
            return Change(old, thing)
        if known >= version_of(thing):
            return None
        self._take_out(key)
        self._things[key] = thing
        for group in self._index(thing):
            self._groups[group].add(key)
        return Change(old, thing)

    def _take_out(self, key: Key) -> Json | None:
        old = self._things.pop(key, None)
        self._untold.pop(key, None)
        for group in self._index(old) if old is not None else ():
            self._groups[group].discard(key)
            if not self._groups[group]:
                del self._groups[group]
        return old
