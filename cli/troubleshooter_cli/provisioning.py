"""How far a toolbox has come on its way to a shell, and what keeps it; pure.

From the Troubleshooter, its pod and the pod's Events: each step once it is done, what is under way, and a
reason with its remedy as soon as there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from troubleshooter_cli.kinds import Json
from troubleshooter_cli.remedies import HANGING, HOPELESS, NOBODY, remedy
from troubleshooter_cli.toolboxes import Toolbox

SILENCE_SECONDS: Final = 15.0  # without any word of the operator's
HANG_SECONDS: Final = 5.0  # a volume takes that long, and first attempts often fail
_PULLING: Final = "Pulling"
_AT_ONCE: Final = frozenset({"ImagePullFailed"})  # an error already, not yet another step


@dataclass(frozen=True)
class Outlook:
    """`done`: what is behind it, in order. `trouble`: why it hangs, empty while it does not."""

    done: tuple[str, ...]
    under_way: str
    trouble: str = ""
    remedy: str = ""
    is_hopeless: bool = False
    is_ready: bool = False


def outlook(box: Toolbox, pod: Json | None, events: Sequence[Json], waited: float) -> Outlook:
    """Of a toolbox that was asked for `waited` seconds ago; `events` are the pod's, the latest last."""
    done = _done(box, pod)
    if box.is_ready and box.is_current and not box.is_ended:
        return Outlook((*done, "shell available"), "", is_ready=True)
    if box.is_ended:
        end = box.condition("Ended")
        return Outlook(done, "", f"{end.message} ({end.reason})", remedy(box, "Ended"), is_hopeless=True)
    if not box.is_current or not box.condition("Ready").reason:
        return _unseen(box, done, waited)
    return _kept(box, pod, events, done, waited)


def _done(box: Toolbox, pod: Json | None) -> tuple[str, ...]:
    volume = f"volume {box.volume} bound to claim {box.claim}" if box.claim and box.volume else ""
    image = "image on the node, container started" if _has_started(pod) else ""
    return tuple(filter(None, (f"toolbox {box.name} created", volume, image)))


def _unseen(box: Toolbox, done: tuple[str, ...], waited: float) -> Outlook:
    under_way = "waiting for the operator"
    if waited <= SILENCE_SECONDS:
        return Outlook(done, under_way)
    return Outlook(
        done, under_way, f"no operator has looked at toolbox {box.name} for {int(waited)} s", NOBODY
    )


def _kept(
    box: Toolbox, pod: Json | None, events: Sequence[Json], done: tuple[str, ...], waited: float
) -> Outlook:
    ready = box.condition("Ready")
    under_way = _under_way(box, pod, events)
    slow = waited > HANG_SECONDS
    if ready.reason in HOPELESS or (ready.reason in HANGING and (slow or ready.reason in _AT_ONCE)):
        return Outlook(
            done,
            under_way,
            f"{ready.message} ({ready.reason})",
            remedy(box, ready.reason),
            is_hopeless=ready.reason in HOPELESS,
        )
    warning = events[-1] if events and events[-1].get("type") == "Warning" else None
    if warning and slow and not _has_started(pod):
        return Outlook(done, under_way, f"{_line(warning.get('message'))} ({warning.get('reason')})")
    return Outlook(done, under_way)


def _under_way(box: Toolbox, pod: Json | None, events: Sequence[Json]) -> str:
    if events and events[-1].get("reason") == _PULLING:
        return "pulling the image"
    if _has_started(pod):
        return "waiting until the volume is kept and the shell is open"
    return _line(box.condition("Ready").message) or "waiting for the operator"


def _has_started(pod: Json | None) -> bool:
    statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or ()
    return any("running" in (each.get("state") or {}) for each in statuses)


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
