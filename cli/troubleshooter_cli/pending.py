"""Waits until a toolbox has a shell, and says meanwhile how far it is and what keeps it.

It follows the Troubleshooter by a watch, and looks at pod and Events about once a second beside it. What is
to be said of them, `provisioning` knows.
"""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from troubleshooter_cli import talk
from troubleshooter_cli.errors import NotFoundError, NotReadyError, TroubleshootError
from troubleshooter_cli.kinds import POD, TROUBLESHOOTER, Json, Kind
from troubleshooter_cli.provisioning import Outlook, outlook
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox, toolbox

if TYPE_CHECKING:  # what loads the Kubernetes client waits until it is needed
    from troubleshooter_cli.api import Api

EVENT: Final = Kind("Event", "/api/v1", "events")
PATIENCE_SECONDS: Final = 600.0
LOOK_SECONDS: Final = 1
_EVENTS_AFTER: Final = 2.0  # most toolboxes are ready by then, and need no Events read


def until_ready(
    api: "Api",
    box: Toolbox,
    *,
    clock: Callable[[], float] = time.monotonic,
    patience: float = PATIENCE_SECONDS,
) -> Toolbox:
    """The toolbox once a shell can be opened; NotReadyError with the reason if that is not to be expected."""
    began = clock()
    with talk.waiting(f"starting toolbox {box.name}") as waiting:
        report = _Report(waiting)
        for seen in changes(api, box):
            waited = clock() - began
            events = pod_events(api, seen) if waited > _EVENTS_AFTER else []
            found = outlook(seen, _pod(api, seen), events, waited)
            report.tell(found, waited)
            if found.is_ready:
                return seen
            if found.is_hopeless or waited > patience:
                raise NotReadyError(
                    f"toolbox {box.name} is not ready: {found.trouble or found.under_way}",
                    "\n".join(filter(None, (found.remedy, stays(box)))),
                )
    raise AssertionError("a watch without end has ended")


def changes(api: "Api", box: Toolbox) -> Iterator[Toolbox]:
    """The toolbox as it is, whenever it changes and every LOOK_SECONDS; NotFoundError once it is gone."""
    while True:
        api.get(TROUBLESHOOTER, box.namespace, box.name)
        found = api.watch(
            TROUBLESHOOTER, box.namespace, fields=f"metadata.name={box.name}", seconds=LOOK_SECONDS
        )
        for event in found:
            if event["type"] == "DELETED":
                raise NotFoundError(f"toolbox {box.name} was deleted meanwhile")
            yield toolbox(event["object"])


def stays(box: Toolbox) -> str:
    """What is left behind, and how to get rid of it."""
    return (
        f"toolbox {box.name} stays and goes on trying: {PROGRAM} shell {box.name} opens a shell, "
        f"{PROGRAM} delete {box.name} deletes it"
    )


def pod_events(api: "Api", box: Toolbox) -> list[Json]:
    """The Events about its pod, the latest last."""
    return events_of(api, POD, box.pod.namespace, box.pod.name)


def events_of(api: "Api", kind: Kind, namespace: str, name: str) -> list[Json]:
    """The Events about an object, the latest last; none where the person may not read them."""
    fields = f"involvedObject.kind={kind.name},involvedObject.name={name}"
    try:
        return sorted(api.items(EVENT, namespace, fields=fields), key=_when)
    except TroubleshootError:
        return []


class _Report:
    """Says each step once, and each trouble once."""

    def __init__(self, waiting: talk.Waiting) -> None:
        self._waiting = waiting
        self._said: set[str] = set()

    def tell(self, found: Outlook, waited: float) -> None:
        for step in found.done:
            self._once(f"{waited:6.1f} s  {talk.printable(step)}", step)
        if found.trouble and not found.is_hopeless:
            self._once(f"{waited:6.1f} s  {talk.printable(found.trouble)}", found.trouble)
            if found.remedy:
                self._once(f"          {talk.printable(found.remedy)}", found.remedy)
        if found.under_way and not found.is_hopeless:
            self._waiting.update(talk.printable(found.under_way))

    def _once(self, line: str, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._waiting.say(line)


def _pod(api: "Api", box: Toolbox) -> Json | None:
    try:
        return api.find(POD, box.pod.namespace, box.pod.name)
    except TroubleshootError:
        return None  # a namespace where the person may not look


def _when(event: Json) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
