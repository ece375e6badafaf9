"""When what was seen first: changes of a namespace's toolboxes and pods, by the clock of this machine.

The API server tells its own instants in whole seconds, which is too coarse for what is measured here.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from troubleshooter_cli.api import Api
from troubleshooter_cli.errors import TroubleshootError
from troubleshooter_cli.kinds import POD, TROUBLESHOOTER, Kind

WATCH_SECONDS: Final = 1800
SEEN_SECONDS: Final = 5.0

Json = dict[str, Any]


@dataclass
class Moments:
    """All events so far, each with its instant (time.monotonic, seconds)."""

    _events: list[tuple[float, Json]] = field(default_factory=list)

    def note(self, event: Json) -> None:
        self._events.append((time.monotonic(), event["object"]))

    def first(self, kind: Kind, name: str, holds: Callable[[Json], bool] = lambda _: True) -> float:
        """When an object was first seen to be so; waits for it, since a watch is a little late."""
        limit = time.monotonic() + SEEN_SECONDS
        while time.monotonic() < limit:
            for at, thing in list(self._events):
                if (thing["kind"], thing["metadata"]["name"]) == (kind.name, name) and holds(thing):
                    return at
            time.sleep(0.01)
        raise AssertionError(f"{kind.name} {name} was not seen to be so")


@contextmanager
def watched(kubeconfig: Path, namespace: str) -> Iterator[Moments]:
    """Toolboxes and pods of a namespace; the threads end with the process."""
    moments, gone = Moments(), threading.Event()
    for kind in (TROUBLESHOOTER, POD):
        api = Api.connect(str(kubeconfig))
        threading.Thread(target=_watch, args=(api, kind, namespace, moments, gone), daemon=True).start()
    try:
        yield moments
    finally:
        gone.set()


def _watch(api: Api, kind: Kind, namespace: str, moments: Moments, gone: threading.Event) -> None:
    while not gone.is_set():
        try:
            for event in api.watch(kind, namespace, seconds=WATCH_SECONDS):
                moments.note(event)
        except TroubleshootError:
            if gone.is_set():
                return
            raise


def is_running(pod: Json) -> bool:
    """Its container has started."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return bool(statuses) and all("running" in each.get("state", {}) for each in statuses)


def is_ready(thing: Json) -> bool:
    """Of a pod and of a Troubleshooter."""
    conditions = (thing.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
