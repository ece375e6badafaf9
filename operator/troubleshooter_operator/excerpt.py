"""What of an object is kept in the caches: thousands of them are all the memory that the operator has; pure.

`stores` gives each cache its own. Of pods only the fields stand here that something reads, so whoever reads
one more of a pod adds it here; of the other kinds all but who manages which field.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from troubleshooter_operator import kinds
from troubleshooter_operator.kinds import Json

SHARED_STRINGS: Final = 8192
SHARED_CHARACTERS: Final = 64
# Of a pod's spec, of its status, and of what is listed by container in both.
_SPEC: Final = frozenset({"activeDeadlineSeconds", "nodeName"})
_STATUS: Final = frozenset({"phase", "reason", "message", "startTime", "podIP"})
_CONDITIONS: Final = frozenset({"Ready", "PodScheduled", "DisruptionTarget"})
_CONDITION: Final = ("type", "status", "reason", "message")
_CONTAINER: Final = frozenset({"name", "image"})
_CONTAINER_STATUS: Final = frozenset({"name", "image", "imageID", "restartCount", "state", "lastState"})


def whole(thing: Json) -> Json:
    """As it is."""
    return thing


def without_fields(thing: Json) -> Json:
    """All but the fields of each manager; that there are managers, and how they write, is read."""
    meta = thing["metadata"]
    if not meta.get("managedFields"):
        return _shared(thing)
    managers = [_without(entry, "fieldsV1") for entry in meta["managedFields"]]
    return _shared(thing | {"metadata": meta | {"managedFields": managers}})


def unmanaged(thing: Json) -> Json:
    """All but the managers."""
    return _shared(thing | {"metadata": _without(thing["metadata"], "managedFields")})


def pod(thing: Json) -> Json:
    """Whose it is, what it mounts, how far it has come, and how its container ended."""
    spec, status = thing["spec"], thing.get("status") or {}
    mounts = [each for each in spec.get("volumes") or () if "persistentVolumeClaim" in each]
    containers = [_only(each, _CONTAINER) for each in spec["containers"]]
    conditions = [
        {name: each[name] for name in _CONDITION if name in each}
        for each in status.get("conditions") or ()
        if each["type"] in _CONDITIONS
    ]
    states = [_only(each, _CONTAINER_STATUS) for each in status.get("containerStatuses") or ()]
    return _shared(
        {
            "metadata": _without(thing["metadata"], "managedFields"),
            "spec": _only(spec, _SPEC) | {"containers": containers, "volumes": mounts},
            "status": _only(status, _STATUS) | {"conditions": conditions, "containerStatuses": states},
        }
    )


Excerpt = Callable[[Json], Json]
BY_KIND: Final[dict[str, Excerpt]] = {
    kinds.TROUBLESHOOTER.name: without_fields,
    kinds.REPLAY.name: without_fields,
    kinds.POD.name: pod,
    kinds.CLAIM.name: unmanaged,
    kinds.VOLUME.name: unmanaged,
}


def while_parsing(part: Excerpt) -> Callable[[Json], Json]:
    """For `json.loads` of a list: each item is cut as soon as it is read, since a page of whole ones is much.

    Only what the API server keeps has a resourceVersion, and a list itself has no spec.
    """

    def hook(thing: Json) -> Json:
        meta = thing.get("metadata")
        is_item = "spec" in thing and isinstance(meta, dict) and "resourceVersion" in meta
        return part(thing) if is_item else thing

    return hook


def _only(thing: Json, names: frozenset[str]) -> Json:
    return {name: value for name, value in thing.items() if name in names}


def _without(thing: Json, name: str) -> Json:
    return {key: value for key, value in thing.items() if key != name}


def _shared(thing: Json) -> Json:
    """The same, with strings that many objects have kept once."""
    return {_once(name): _shared_value(value) for name, value in thing.items()}


def _shared_value(value: Any) -> Any:
    if isinstance(value, str):
        return _once(value) if len(value) <= SHARED_CHARACTERS else value
    if isinstance(value, dict):
        return _shared(value)
    return [_shared_value(each) for each in value] if isinstance(value, list) else value


@lru_cache(SHARED_STRINGS)
def _once(text: str) -> str:
    """The first of all equal strings; those that do not recur are forgotten."""
    return text
