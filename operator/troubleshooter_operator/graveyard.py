"""Pods that are gone: the last object of each, kept until a reconcile has settled its run."""

import threading
from collections import defaultdict
from dataclasses import dataclass

from troubleshooter_agent.contract import ANNOTATION_NAMESPACE, LABEL_NAME
from troubleshooter_operator.kinds import (
    Json,
    annotations,
    is_replay_pod,
    labels,
    lodger_uid,
    metadata,
    name_of,
)
from troubleshooter_operator.store import Key, replay_key


@dataclass(frozen=True)
class Grave:
    """`witnessed`: the deletion was seen, so the pod is as it was at its end."""

    pod: Json
    witnessed: bool


def owner_key(thing: Json) -> Key | None:
    """The Troubleshooter or Replay that a pod says it belongs to."""
    if is_replay_pod(thing):  # named as the Replay is
        return replay_key(str(metadata(thing).get("namespace") or ""), name_of(thing))
    name = labels(thing).get(LABEL_NAME)
    home = annotations(thing).get(ANNOTATION_NAMESPACE) if lodger_uid(thing) else None
    return (home or str(metadata(thing).get("namespace") or ""), name) if name else None


class Graveyard:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._graves: dict[Key, list[Grave]] = defaultdict(list)
        self._lock = threading.Lock()

    def bury(self, pod: Json, *, witnessed: bool) -> None:
        key = owner_key(pod)
        if key is not None:
            with self._lock:
                self._graves[key].append(Grave(pod, witnessed))

    def at(self, key: Key) -> list[Grave]:
        with self._lock:
            return list(self._graves.get(key, ()))

    def forget(self, key: Key, settled: list[Grave]) -> None:
        """Only what was looked at: others may have come meanwhile."""
        with self._lock:
            rest = [
                grave for grave in self._graves.get(key, ()) if not any(grave is each for each in settled)
            ]
            if rest:
                self._graves[key] = rest
            else:
                self._graves.pop(key, None)
