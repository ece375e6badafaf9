"""Troubleshooter and TroubleshooterClass as values, from the API server's JSON; pure.

The CRDs hold the bounds and fill in the defaults that no class governs. What is read here is therefore sound,
except for objects older than a rule: then `RefusedError` names the field.
"""

from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent.contract import TEMPORARY_PREFIX, DurationError, parse_duration
from troubleshooter_operator.asked import Asked, fields
from troubleshooter_operator.conditions import Ready
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import Json, name_of
from troubleshooter_operator.run import Run

CLAIM_SUFFIX: Final = "-recordings"
KEEP_ENDED: Final = "168h"  # of a class from before the field


@dataclass(frozen=True)
class Access:
    """Who may open a shell besides the requester."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Troubleshooter(Asked):
    """What is asked for; None where the class decides."""

    pod_name: str
    image: str | None
    stopped: bool
    wanted_run: int
    save_to_disk: bool
    claim_name: str | None  # None: nothing is saved to disk
    storage_class: str | None
    size: str | None
    log_to_stdout: bool
    run_as_non_root: bool
    run_as_user: int | None
    temporary_namespace: bool
    ssh_secret: str | None
    service_account: str | None
    node_selector: dict[str, str]
    tolerations: tuple[Json, ...]
    pod_labels: dict[str, str]
    access: Access
    purpose: str
    run: Run | None  # the run in force or ended last, out of status

    @property
    def pod_namespace(self) -> str:
        """Where pod and claim live."""
        return TEMPORARY_PREFIX + self.uid if self.temporary_namespace else self.namespace


@dataclass(frozen=True)
class Allowed:
    """What may be asked for besides."""

    temporary_namespace: bool = False
    unrecorded: bool = False
    log_to_stdout: bool = False
    node_selection: bool = False
    pod_labels: tuple[str, ...] = ()
    ssh: bool = False
    service_account: bool = False
    root: bool = False


@dataclass(frozen=True)
class Limit:
    default: str
    max: str


@dataclass(frozen=True)
class TroubleshooterClass:
    name: str
    image: str
    allowed_images: tuple[str, ...]
    time_to_live: Limit
    idle_timeout: Limit
    requests: dict[str, str]
    limits: dict[str, str]
    storage_class: str | None
    size: Limit
    run_as_user: int | None
    run_as_group: int | None
    fs_group: int | None
    labels: dict[str, str]
    annotations: dict[str, str]
    pull_secrets: tuple[Json, ...]
    priority_class: str | None
    env: tuple[Json, ...]
    tolerations: tuple[Json, ...]
    allowed: Allowed
    require_retain: bool
    max_recording: str | None
    notice: str
    keep_ended: str


def troubleshooter(found: Json) -> Troubleshooter:
    """The resource as the API server has it."""
    spec, name = found.get("spec") or {}, name_of(found)
    disk, access = spec.get("saveToDisk") or {}, spec.get("access") or {}
    save = bool(disk.get("enabled", True))
    return Troubleshooter(
        **fields(found),
        pod_name=spec.get("name") or name,
        image=spec.get("image"),
        stopped=spec.get("state") == "Stopped",
        wanted_run=int(spec.get("run", 1)),
        save_to_disk=save,
        claim_name=(disk.get("claimName") or name + CLAIM_SUFFIX) if save else None,
        storage_class=disk.get("storageClassName"),
        size=_text_or_none(disk.get("size")),
        log_to_stdout=bool(spec.get("logToStdout")),
        run_as_non_root=bool(spec.get("runAsNonRoot", True)),
        run_as_user=spec.get("runAsUser"),
        temporary_namespace=bool(spec.get("temporaryNamespace")),
        ssh_secret=(spec.get("ssh") or {}).get("secretName"),
        service_account=spec.get("serviceAccountName"),
        node_selector=_texts(spec.get("nodeSelector")),
        tolerations=tuple(spec.get("tolerations") or ()),
        pod_labels=_texts(spec.get("podLabels")),
        access=Access(tuple(access.get("users") or ()), tuple(access.get("groups") or ())),
        purpose=spec.get("purpose") or "",
        run=Run.from_status(found.get("status") or {}),
    )


def troubleshooter_class(found: Json) -> TroubleshooterClass:
    """The class as the API server has it; RefusedError with ClassNotFound names a field that is broken."""
    spec, name = found.get("spec") or {}, name_of(found)
    resources, storage = spec.get("resources") or {}, spec.get("storage") or {}
    security, pod = spec.get("security") or {}, spec.get("pod") or {}
    recording = spec.get("recording") or {}
    return TroubleshooterClass(
        name=name,
        image=_need(name, spec, "images", "default"),
        allowed_images=tuple((spec.get("images") or {}).get("allowed") or ()),
        time_to_live=_duration_limit(name, spec, "timeToLive"),
        idle_timeout=_duration_limit(name, spec, "idleTimeout"),
        requests=_texts(resources.get("requests")),
        limits=_texts(resources.get("limits")),
        storage_class=storage.get("storageClassName"),
        size=Limit(_need(name, spec, "storage", "size"), _need(name, spec, "storage", "maxSize")),
        run_as_user=security.get("runAsUser"),
        run_as_group=security.get("runAsGroup"),
        fs_group=security.get("fsGroup"),
        labels=_texts(pod.get("labels")),
        annotations=_texts(pod.get("annotations")),
        pull_secrets=tuple(pod.get("imagePullSecrets") or ()),
        priority_class=pod.get("priorityClassName"),
        env=tuple(pod.get("env") or ()),
        tolerations=tuple(pod.get("tolerations") or ()),
        allowed=_allowed(spec.get("allow") or {}, root=bool(security.get("allowRoot"))),
        require_retain=bool(recording.get("requireRetain", True)),
        max_recording=recording.get("maxSize"),
        notice=recording.get("notice") or "",
        keep_ended=spec.get("keepEnded") or KEEP_ENDED,
    )


def _allowed(allow: Json, *, root: bool) -> Allowed:
    return Allowed(
        temporary_namespace=bool(allow.get("temporaryNamespace")),
        unrecorded=bool(allow.get("unrecorded")),
        log_to_stdout=bool(allow.get("logToStdout")),
        node_selection=bool(allow.get("nodeSelection")),
        pod_labels=tuple(allow.get("podLabels") or ()),
        ssh=bool(allow.get("ssh")),
        service_account=bool(allow.get("serviceAccount")),
        root=root,
    )


def _duration_limit(class_name: str, spec: Json, field: str) -> Limit:
    limit = Limit(_need(class_name, spec, field, "default"), _need(class_name, spec, field, "max"))
    for value in (limit.default, limit.max):
        try:
            parse_duration(value)
        except DurationError as error:
            raise _broken(class_name, f"spec.{field}: {error}") from error
    return limit


def _need(class_name: str, spec: Json, *path: str) -> str:
    value: Any = spec
    for field in path:
        value = (value or {}).get(field)
    if value is None:
        raise _broken(class_name, f"spec.{'.'.join(path)} is missing")
    return str(value)


def _broken(class_name: str, problem: str) -> RefusedError:
    return RefusedError(
        Ready.CLASS_NOT_FOUND, f"TroubleshooterClass {class_name} cannot be used: {problem}; mend the class"
    )


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _texts(found: Json | None) -> dict[str, str]:
    return {key: str(value) for key, value in (found or {}).items()}
