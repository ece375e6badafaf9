"""An API server in memory, on a clock of its own, without threads: for tests that try every order of events.

It keeps resourceVersions, preconditions and label selectors as the real one does. What its watches have to
tell waits until the test lets it through, and the operator can be killed right before or after any request.
"""

from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NoReturn

from troubleshooter_agent.contract import format_time
from troubleshooter_operator import kinds
from troubleshooter_operator.cluster import Watch
from troubleshooter_operator.errors import AlreadyExistsError, ConflictError, NotFoundError
from troubleshooter_operator.kinds import Json, Kind, labels, metadata
from troubleshooter_operator.store import Key, Store, key_of

Edit = Callable[[Json], None]


class KilledError(BaseException):
    """The operator's process is gone in the middle of a request; nothing of it may catch this."""


@dataclass
class ModelledApi:
    """A `Cluster`. `on_request` sees verb, kind, the object before and the body of each of its requests."""

    time: float
    on_request: Callable[[str, Kind, Json | None, Json], None] = lambda *_: None
    things: dict[tuple[str, Key], Json] = field(default_factory=dict)
    pending: dict[str, deque[tuple[Json | None, Json]]] = field(default_factory=dict)
    kill_in: int | None = None  # writes until the operator is killed
    kill_after: bool = False  # the work of the request is done then
    writes: int = 0
    _versions: Any = field(default_factory=lambda: count(1000))

    # What the operator does.

    def now(self) -> float:
        return self.time

    def get(self, kind: Kind, namespace: str | None, name: str) -> Json:
        return deepcopy(self._found(kind, namespace, name))

    def create(self, kind: Kind, namespace: str, manifest: Json) -> Json:
        key = (namespace, str(metadata(manifest)["name"]))
        there = self.find(kind, *key)
        if there is not None and kinds.is_deleting(there):
            raise ConflictError(f"object is being deleted: {kind.plural} {key[1]!r} already exists")
        if there is not None:
            raise AlreadyExistsError(f"{kind.plural} {key[1]!r} already exists")
        return self._write("create", kind, None, manifest, lambda: self.add(kind, manifest))

    def patch(self, kind: Kind, namespace: str | None, name: str, patch: Json) -> Json:
        before = self._found(kind, namespace, name)
        _hold(before, patch.get("metadata") or {})

        def work() -> Json:
            return self.change(kind, key_of(before), lambda it: merge(it, patch))

        return self._write("patch", kind, before, patch, work)

    def replace_status(self, kind: Kind, namespace: str, name: str, whole: Json) -> Json:
        before = self._found(kind, namespace, name)
        _hold(before, metadata(whole))
        status = whole["status"]

        def work() -> Json:
            return self.change(kind, key_of(before), lambda it: it.update(status=status))

        return self._write("status", kind, before, status, work)

    def delete(self, kind: Kind, namespace: str, name: str, preconditions: Json) -> Json:
        before = self._found(kind, namespace, name)
        _hold(before, preconditions)
        key = key_of(before)
        return self._write("delete", kind, before, preconditions, lambda: self.begin_deletion(kind, key))

    def list_page(self, kind: Kind, after: str) -> NoReturn:
        raise NotImplementedError("the test lists, with `fill`")

    def watch(self, kind: Kind, version: str, seconds: int, slack: float) -> Watch:
        raise NotImplementedError("the test tells, with `deliver`")

    # What everybody else does.

    def find(self, kind: Kind, namespace: str, name: str) -> Json | None:
        return self.things.get((kind.name, (namespace, name)))

    def add(self, kind: Kind, thing: Json) -> Json:
        version = next(self._versions)
        given = {"uid": f"uid-{version}", "creationTimestamp": format_time(self.time)}
        made = deepcopy(thing)
        made["metadata"] = given | made["metadata"] | {"resourceVersion": str(version)}
        self._tell(kind, None, made)
        return deepcopy(made)

    def change(self, kind: Kind, key: Key, edit: Edit) -> Json:
        """Nothing is told where nothing has changed."""
        before = self.things[kind.name, key]
        after = deepcopy(before)
        edit(after)
        if after != before:
            after["metadata"]["resourceVersion"] = str(next(self._versions))
            self._tell(kind, before, after)
        return deepcopy(after)

    def begin_deletion(self, kind: Kind, key: Key) -> Json:
        """At once, but for a pod that a kubelet has: that one says when it is gone."""
        if kind == kinds.POD and self.things[kind.name, key]["spec"].get("nodeName"):
            stamp = format_time(self.time)
            return self.change(kind, key, lambda it: it["metadata"].setdefault("deletionTimestamp", stamp))
        return self.remove(kind, key)

    def remove(self, kind: Kind, key: Key) -> Json:
        last = deepcopy(self.things.pop((kind.name, key)))
        last["metadata"]["resourceVersion"] = str(next(self._versions))
        self._queue(kind).append((None, last))
        return last

    def fill(self, kind: Kind, store: Store) -> None:
        """A list, as at the operator's start: what was told before is in it."""
        self._queue(kind).clear()
        found = [deepcopy(thing) for (name, _), thing in self.things.items() if name == kind.name]
        store.replace([thing for thing in found if _matches(kind, thing)], str(next(self._versions)))

    def next_event(self, kind: Kind) -> tuple[bool, Json] | None:
        """What the watch of this kind tells next: whether the object is there for it, and the object."""
        queue = self._queue(kind)
        while queue:
            after, before = queue.popleft()
            if after is not None and _matches(kind, after):
                return True, deepcopy(after)
            if _matches(kind, before):
                gone = deepcopy(before)
                gone["metadata"]["resourceVersion"] = metadata(after or before)["resourceVersion"]
                return False, gone
        return None

    def _tell(self, kind: Kind, before: Json | None, after: Json) -> None:
        self.things[kind.name, key_of(after)] = after
        self._queue(kind).append((after, before or after))

    def _queue(self, kind: Kind) -> deque[tuple[Json | None, Json]]:
        return self.pending.setdefault(kind.name, deque())

    def _found(self, kind: Kind, namespace: str | None, name: str) -> Json:
        found = self.find(kind, namespace or "", name)
        if found is None:
            raise NotFoundError(f"{kind.plural} {name!r} not found")
        return found

    def _write(
        self, verb: str, kind: Kind, before: Json | None, body: Json, work: Callable[[], Json]
    ) -> Json:
        dies = self.kill_in == 0
        self.kill_in = self.kill_in - 1 if self.kill_in else None
        if dies and not self.kill_after:
            raise KilledError
        self.on_request(verb, kind, before, body)
        self.writes += 1
        done = work()
        if dies:
            raise KilledError
        return done


def merge(thing: Json, patch: Json) -> None:
    """A merge patch, in place; versions and uids in it are preconditions and nothing more."""
    for key, value in patch.items():
        if isinstance(value, dict):
            merge(thing.setdefault(key, {}), value)
        elif value is None:
            thing.pop(key, None)
        elif key not in {"uid", "resourceVersion"}:
            thing[key] = value


def _hold(thing: Json, wanted: Json) -> None:
    for name in ("uid", "resourceVersion"):
        if wanted.get(name, metadata(thing)[name]) != metadata(thing)[name]:
            raise ConflictError(f"precondition failed: {name}")


def _matches(kind: Kind, thing: Json) -> bool:
    name, _, value = kind.selector.partition("=")
    return not name or labels(thing).get(name) == value
