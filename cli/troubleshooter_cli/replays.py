"""Makes a Replay for a claim that no running pod can read, and waits until it can be read.

It is left to its idle time-out, so that the next command finds it. `outlook` is pure.
"""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from troubleshooter_cli import talk
from troubleshooter_cli.errors import ForbiddenError, NotReadyError, TroubleshootError
from troubleshooter_cli.kinds import API_VERSION, REPLAY, Json
from troubleshooter_cli.shelves import READY, Shelf, condition, is_ended, is_ready

if TYPE_CHECKING:  # what loads the Kubernetes client waits until it is needed
    from troubleshooter_cli.api import Api

IDLE_TIMEOUT: Final = "5m"  # long enough for the next command, short enough to cost nobody anything
PATIENCE_SECONDS: Final = 180.0
POLL_SECONDS: Final = 0.3
_SILENCE_SECONDS: Final = 15.0  # without any word of the operator's
# These do not mend themselves while somebody waits.
_HOPELESS: Final = {
    "RecordingsNotFound": "kubectl troubleshoot volumes shows what is kept, also where the claim is gone",
    "ClassNotFound": "ask an administrator for a default TroubleshooterClass",
    "NotAllowed": "the class says no; an administrator can change it",
    "Forbidden": "the cluster refuses the pod; kubectl troubleshoot doctor shows what is missing",
    "PodNameTaken": "try again",
    "ImageWithoutAgent": "the class must name a toolbox image; ask an administrator",
    "Ended": "try again",
}
_HANGING: Final = {
    "Unschedulable": "no node takes the pod; if a pod on another node has the volume, end that one first",
    "ImagePullFailed": "the node cannot get the image; ask whoever runs the cluster",
    "VolumePending": "kubectl describe pvc shows what the volume waits for",
}
_NOBODY: Final = "kubectl troubleshoot doctor shows whether the operator is there"


@dataclass(frozen=True)
class Outlook:
    """What a Replay that is not ready looks like: what to say, and whether waiting is of any use."""

    reason: str
    message: str
    is_hopeless: bool

    @property
    def remedy(self) -> str:
        return _HOPELESS.get(self.reason) or _HANGING.get(self.reason) or _NOBODY


def outlook(replay: Json, waited: float) -> Outlook:
    """Of a replay that was asked for `waited` seconds ago."""
    if is_ended(replay):
        return Outlook("Ended", condition(replay, "Ended").get("message") or "it has ended", is_hopeless=True)
    found = condition(replay, READY)
    if not found:
        return Outlook("", "no operator has looked at it", is_hopeless=waited > _SILENCE_SECONDS)
    reason = found.get("reason", "")
    return Outlook(reason, found.get("message", ""), reason in _HOPELESS)


def manifest(shelf: Shelf) -> Json:
    """A Replay of a claim."""
    of = shelf.owners[0][1] if shelf.owners else shelf.claim
    return {
        "apiVersion": API_VERSION,
        "kind": REPLAY.name,
        # Not generateName: the pod is named so too, and a pod's name is at most 63 characters.
        "metadata": {"name": f"replay-{of[:48].rstrip('-.')}-{secrets.token_hex(3)}".replace(".", "-")},
        "spec": {"claimName": shelf.claim, "idleTimeout": IDLE_TIMEOUT},
    }


def make(api: "Api", shelf: Shelf) -> Json:
    """A new one; ForbiddenError if the person may not."""
    try:
        return api.create(REPLAY, shelf.namespace, manifest(shelf))
    except ForbiddenError as error:
        raise ForbiddenError(
            f"you may not read the recordings on claim {shelf}: {error.sentence}",
            "ask an administrator for the role edit in the namespace, and for the verb get on "
            "troubleshooters/recordings",
        ) from error


def wait(
    api: "Api",
    replay: Json,
    shelf: Shelf,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
    patience: float = PATIENCE_SECONDS,
) -> Json:
    """The replay once it can be read; NotReadyError with the reason if that is not to be expected."""
    namespace, name = replay["metadata"]["namespace"], replay["metadata"]["name"]
    first = f"making a pod that reads the recordings on {shelf}"
    began = clock()
    with talk.waiting(first) as update:
        while not is_ready(replay):
            waited = clock() - began
            found = outlook(replay, waited)
            if found.is_hopeless or waited > patience:
                raise NotReadyError(f"the recordings on {shelf} cannot be read: {_told(found)}", found.remedy)
            update(f"{first}: {talk.printable(_told(found))}" if found.reason else first)
            pause(POLL_SECONDS)
            replay = api.get(REPLAY, namespace, name)
    return replay


def discard(api: "Api", replay: Json) -> None:
    """Take away one that never became ready; it would end by itself, later."""
    metadata = replay["metadata"]
    with suppress(TroubleshootError):
        api.delete(REPLAY, metadata["namespace"], metadata["name"], metadata["uid"])


def _told(found: Outlook) -> str:
    return f"{found.message} ({found.reason})" if found.reason else found.message
