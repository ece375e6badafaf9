"""The API server's audit log: what the operator asked of it and when, by the API server's own word."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

ANNOTATION_END: Final = "troubleshooter.sh/end"


def policy(user: str) -> dict[str, Any]:
    """All that `user` asks, with what it patches in pods, and who makes Troubleshooters; nothing else."""
    pods = {"group": "", "resources": ["pods"]}
    ours = {"group": "troubleshooter.sh", "resources": ["troubleshooters"]}
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "Request", "users": [user], "verbs": ["patch"], "resources": [pods]},
            {"level": "Metadata", "users": [user]},
            {"level": "Metadata", "verbs": ["create"], "resources": [ours]},
            {"level": "None"},
        ],
    }


@dataclass(frozen=True)
class Request:
    """One request; instants in seconds since the epoch. `ends`: it writes the annotation end on a pod."""

    user: str
    verb: str
    resource: str  # with its subresource, as in pods/status
    name: str
    received: float
    answered: float
    code: int
    ends: bool = False

    @property
    def follows(self) -> bool:
        """Whether it is part of following what there is, which goes on for no toolbox in particular."""
        return self.verb in {"list", "watch"}


@dataclass
class Audit:
    """What is in the log file so far; `read` takes up what has come since."""

    path: Path
    _requests: dict[str, Request] = field(default_factory=dict)
    _offset: int = 0

    def read(self) -> list[Request]:
        """All so far, each once: a watch has a line at its beginning and one at its end."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):  # not written to its end yet
                    break
                self._offset += len(line)
                event = json.loads(line)
                self._requests[event["auditID"]] = request(event)
        return list(self._requests.values())

    def of(self, user: str, wanted: Callable[[Request], bool]) -> list[Request]:
        return [each for each in self.read() if each.user == user and wanted(each)]


def request(event: dict[str, Any]) -> Request:
    """From a line of the log."""
    what = event.get("objectRef") or {}
    parts = [str(what[part]) for part in ("resource", "subresource") if part in what]
    body = event.get("requestObject") or {}
    notes = (body.get("metadata") or {}).get("annotations") or {}
    return Request(
        user=event["user"]["username"],
        verb=event["verb"],
        resource="/".join(parts),
        name=str(what.get("name", "")),
        received=instant(event["requestReceivedTimestamp"]),
        answered=instant(event["stageTimestamp"]),
        code=int((event.get("responseStatus") or {}).get("code", 0)),
        ends=bool(notes.get(ANNOTATION_END)),
    )


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
