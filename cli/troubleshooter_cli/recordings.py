"""One recording as a value, from what the agent's `list --json` or a toolbox's status tells; pure.

Whoever had a shell could write on the volume, so every field is checked for its type here, and made printable
where it is shown.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from troubleshooter_agent.contract import format_duration, parse_time

RUNNING: Final = "running"
ENDED: Final = "ended"
TITLES: Final = ("ID", "STARTED", "TOOLBOX", "USER", "LENGTH", "EXIT", "BYTES", "STATE", "PURPOSE")
_ID: Final = re.compile(r"[a-z0-9]{8}")


@dataclass(frozen=True)
class Recording:
    """`file` is relative to the volume: NAMESPACE/NAME/….cast. None or empty: not known."""

    id: str
    file: str
    namespace: str
    name: str
    user: str
    started_at: str
    ended_at: str = ""
    seconds: float | None = None
    exit_code: int | None = None
    bytes: int = 0
    sha256: str = ""
    state: str = ENDED
    reason: str = ""
    purpose: str = ""
    verified: bool = False

    @property
    def is_running(self) -> bool:
        return self.state == RUNNING

    @property
    def row(self) -> tuple[str, ...]:
        """The cells under TITLES."""
        return (
            self.id,
            self.started_at,
            f"{self.namespace}/{self.name}",
            self.user if self.verified else f"{self.user} (claimed)" if self.user else "",
            "" if self.seconds is None else format_duration(self.seconds),
            "" if self.exit_code is None else str(self.exit_code),
            str(self.bytes),
            self.state,
            self.purpose,
        )

    @property
    def json(self) -> dict[str, Any]:
        """As `-o json` shows it, by the names that the agent and the status have."""
        words = {_camel(name): value for name, value in asdict(self).items()}
        return {name: None if value == "" else value for name, value in words.items()}


def from_line(line: bytes) -> Recording | None:
    """One line of `list --json`; None for what is no recording."""
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict) or not _ID.fullmatch(_text(told, "id")):
        return None
    return Recording(
        id=_text(told, "id"),
        file=_text(told, "file"),
        namespace=_text(told, "namespace"),
        name=_text(told, "name"),
        user=_text(told, "user"),
        started_at=_text(told, "startedAt"),
        ended_at=_text(told, "endedAt"),
        seconds=_number(told, "seconds"),
        exit_code=_whole(told, "exitCode"),
        bytes=_whole(told, "bytes") or 0,
        sha256=_text(told, "sha256"),
        state=_text(told, "state") or "unreadable",
        reason=_text(told, "reason"),
        purpose=_text(told, "purpose"),
        verified=told.get("verified") is True,
    )


def from_status(namespace: str, name: str, session: Mapping[str, Any], *, verified: bool) -> Recording | None:
    """One of the last sessions in a Troubleshooter's status; `verified`: its names are the true ones."""
    found = from_line(json.dumps(dict(session)).encode())
    if found is None:
        return None
    told = asdict(found) | {
        "namespace": namespace,
        "name": name,
        "seconds": _between(found.started_at, found.ended_at),
        "state": ENDED if found.ended_at else RUNNING,
        "verified": verified,
    }
    return Recording(**told)


def in_order(recordings: Iterable[Recording]) -> list[Recording]:
    """The oldest first, each once, as it was told first: what a status tells is on the volume too."""
    each: dict[tuple[str, str, str], Recording] = {}
    for one in recordings:
        each.setdefault((one.namespace, one.name, one.id), one)
    return sorted(each.values(), key=lambda one: (one.started_at, one.id))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _between(started: str, ended: str) -> float | None:
    try:
        return max(0.0, parse_time(ended) - parse_time(started))
    except (ValueError, TypeError):
        return None


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _number(told: Mapping[str, Any], name: str) -> float | None:
    value = told.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
