"""What a Troubleshooter and a Replay have in common: who wants what of a class, under which name; pure.

Read by what serves both kinds: identity, the class, the pod, the end. `resources` and `replay` add their own.
"""

from dataclasses import dataclass
from typing import Any

from troubleshooter_agent.contract import ANNOTATION_REQUESTED_BY
from troubleshooter_operator.appliers import is_applied
from troubleshooter_operator.kinds import Json, annotations, is_deleting, metadata, name_of, uid_of


@dataclass(frozen=True)
class Asked:
    """What is asked for; None where the class decides."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    deleting: bool
    class_name: str | None
    time_to_live: str | None
    idle_timeout: str | None
    stated_requester: str  # as its annotation has it; whether that is true, others know
    created_at: str
    applied: bool  # by something that would make it anew
    status: Json  # as it was last written


def fields(found: Json) -> dict[str, Any]:
    """Those of `Asked`, from the resource as the API server has it."""
    spec, meta = found.get("spec") or {}, metadata(found)
    return {
        "namespace": str(meta["namespace"]),
        "name": name_of(found),
        "uid": uid_of(found),
        "generation": int(meta.get("generation", 0)),
        "resource_version": str(meta["resourceVersion"]),
        "deleting": is_deleting(found),
        "class_name": spec.get("troubleshooterClassName"),
        "time_to_live": spec.get("timeToLive"),
        "idle_timeout": spec.get("idleTimeout"),
        "stated_requester": annotations(found).get(ANNOTATION_REQUESTED_BY, ""),
        "created_at": str(meta.get("creationTimestamp") or ""),
        "applied": is_applied(found),
        "status": found.get("status") or {},
    }
