"""Toolboxes as rows of a table; pure."""

from typing import Final

from troubleshooter_cli.toolboxes import Toolbox, instant, span

TITLES: Final = ("NAME", "READY", "REASON", "SESSIONS", "REQUESTED BY", "EXPIRES", "AGE")
WIDE: Final = ("POD", "IMAGE", "CLAIM", "RUN", "PURPOSE")
NAMESPACE: Final = "NAMESPACE"


def titles(*, wide: bool = False, namespaces: bool = False) -> tuple[str, ...]:
    return ((NAMESPACE,) if namespaces else ()) + TITLES + (WIDE if wide else ())


def row(box: Toolbox, now: float, *, wide: bool = False, namespaces: bool = False) -> tuple[str, ...]:
    """The cells under `titles`; `now` in seconds since the epoch."""
    cells = (
        box.name,
        "yes" if box.is_ready else "no",
        reason(box),
        str(box.session_count),
        box.owner,
        _expires(box, now),
        _age(box, now),
    )
    return ((box.namespace,) if namespaces else ()) + cells + (_wide(box) if wide else ())


def reason(box: Toolbox) -> str:
    """Why it is as it is: how it ended, if it has; what keeps it, if anything does."""
    if box.is_ended:
        return f"Ended: {box.condition('Ended').reason}"
    return box.condition("Ready").reason or "Unseen"


def _wide(box: Toolbox) -> tuple[str, ...]:
    resolved = box.status.get("resolved") or {}
    image = str(resolved.get("image") or box.spec.get("image") or "")
    pod = str(box.status.get("podName") or "")
    return (pod, image, box.claim, str(box.run), str(box.spec.get("purpose") or ""))


def _expires(box: Toolbox, now: float) -> str:
    if box.is_ended or box.expires_at is None:
        return ""
    return f"in {span(box.expires_at - now)}"


def _age(box: Toolbox, now: float) -> str:
    made = instant(box.json["metadata"].get("creationTimestamp"))
    return "" if made is None else span(now - made)
