"""Names and shapes that agent, operator, image and tests share; nothing here touches the system.

The operator sees of the agent only this module and `asciicast`. What is written here is public:
it stands in pods, on volumes and in the status of resources that outlive a version.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypedDict

GROUP: Final = "troubleshooter.sh"
VERSION: Final = "v1alpha1"

# Labels.
LABEL_APP: Final = "app.kubernetes.io/name"
LABEL_INSTANCE: Final = "app.kubernetes.io/instance"
LABEL_COMPONENT: Final = "app.kubernetes.io/component"
LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LABEL_NAME: Final = f"{GROUP}/name"
LABEL_RECORDINGS: Final = f"{GROUP}/recordings"
APP: Final = "troubleshooter"
COMPONENT: Final = "toolbox"
COMPONENT_REPLAY: Final = "replay"  # a pod that only reads recordings
MANAGED_BY: Final = "troubleshooter-operator"
# A temporary namespace: its name is this and the Troubleshooter's uid. Nothing else may be named so.
TEMPORARY_PREFIX: Final = "incident-response-"
COMPONENT_NAMESPACE: Final = "temporary-namespace"
LABEL_MONITORING: Final = f"{GROUP}/monitoring"  # "true" on a namespace: from there metrics may be read
SYSTEM_NAMESPACE: Final = "troubleshooter-system"  # where deploy/base has the operator
SHELL_ROLE: Final = "troubleshooter-shell"  # ClusterRole of those who may open a shell in such a namespace

# Annotations of the pod; each is projected into a file of the same last name under ANNOTATIONS_DIR.
ANNOTATION_TIME_TO_LIVE: Final = f"{GROUP}/time-to-live"
ANNOTATION_IDLE_TIMEOUT: Final = f"{GROUP}/idle-timeout"
ANNOTATION_RETAINED: Final = f"{GROUP}/recordings-retained"
ANNOTATION_REQUESTED_BY: Final = f"{GROUP}/requested-by"
ANNOTATION_OWNER_UID: Final = f"{GROUP}/owner-uid"
ANNOTATION_END: Final = f"{GROUP}/end"
ANNOTATION_EXEC_IDENTITY: Final = f"{GROUP}/exec-identity"
ANNOTATION_RUN: Final = f"{GROUP}/run"
ANNOTATION_PURPOSE: Final = f"{GROUP}/purpose"
ANNOTATION_IMAGE: Final = f"{GROUP}/image"
ANNOTATION_SAVE_TO_DISK: Final = f"{GROUP}/save-to-disk"  # "false": nothing is kept on the volume
ANNOTATION_LOG_TO_STDOUT: Final = f"{GROUP}/log-to-stdout"  # "true": sessions also go to the container's log
ANNOTATION_NOTICE: Final = f"{GROUP}/notice"  # what the first line of each shell says besides
ANNOTATION_ACCESS_USERS: Final = f"{GROUP}/access-users"  # who may open a shell besides, joined by newlines
ANNOTATION_ACCESS_GROUPS: Final = f"{GROUP}/access-groups"
ANNOTATION_EXTENSION: Final = f"{GROUP}/extension"  # "3h: why not", once a wanted life time is refused
ANNOTATION_REPLAY: Final = f"{GROUP}/replay"  # "true": the volume is there to be read, and no shell opens
ANNOTATION_MANIFEST: Final = f"{GROUP}/manifest-hash"  # what the pod was made from; not projected
PROJECTED_ANNOTATIONS: Final = (
    ANNOTATION_TIME_TO_LIVE,
    ANNOTATION_IDLE_TIMEOUT,
    ANNOTATION_RETAINED,
    ANNOTATION_REQUESTED_BY,
    ANNOTATION_OWNER_UID,
    ANNOTATION_END,
    ANNOTATION_EXEC_IDENTITY,
    ANNOTATION_RUN,
    ANNOTATION_PURPOSE,
    ANNOTATION_IMAGE,
    ANNOTATION_SAVE_TO_DISK,
    ANNOTATION_LOG_TO_STDOUT,
    ANNOTATION_NOTICE,
    ANNOTATION_EXTENSION,
    ANNOTATION_REPLAY,
)
# Further files in ANNOTATIONS_DIR, from the pod's metadata: namespace, pod, pod-uid, and name (LABEL_NAME).
PROJECTED_FIELDS: Final = {
    "namespace": "metadata.namespace",
    "pod": "metadata.name",
    "pod-uid": "metadata.uid",
    "name": f"metadata.labels['{LABEL_NAME}']",
}

# Annotations of claim and volume, for the latest run: whose recordings these are when all else is gone.
ANNOTATION_NAMESPACE: Final = f"{GROUP}/namespace"
ANNOTATION_NAME: Final = f"{GROUP}/name"
ANNOTATION_UID: Final = f"{GROUP}/uid"
ANNOTATION_STARTED_AT: Final = f"{GROUP}/started-at"
ANNOTATION_ENDED_AT: Final = f"{GROUP}/ended-at"
ANNOTATION_CHAIN: Final = f"{GROUP}/chain"
ANNOTATION_RETAINED_BY: Final = f"{GROUP}/retained-by"  # of a volume: a RetainedBy; absent: neither of them
ANNOTATION_DEFAULT_CLASS: Final = f"{GROUP}/is-default-class"

UNVERIFIED: Final = "unverified"  # requested-by where nothing checks it


class ExecIdentity(StrEnum):
    """Value of the annotation exec-identity: whether admission sees to it that `--user` is the true user."""

    ENFORCED = "enforced"
    NONE = "none"


class Retained(StrEnum):
    """Value of the annotation recordings-retained; absent or empty: not yet known, so no shell opens."""

    YES = "yes"
    NOT_PERMITTED = "not-permitted"
    NOT_REQUESTED = "not-requested"  # nothing is saved to disk


class RetainedBy(StrEnum):
    """Value of a volume's annotation retained-by: who set its reclaim policy to Retain."""

    OPERATOR = "operator"
    POLICY = "policy"  # the mutating admission policy of deploy/retain, when the volume was made


# The pod.
CONTAINER: Final = "toolbox"
METRICS_PORT: Final = 9464
ANNOTATIONS_DIR: Final = "/etc/troubleshooter"
RECORDINGS_DIR: Final = "/recordings"
SSH_DIR: Final = "/etc/troubleshooter-ssh"  # keys and known hosts of spec.ssh.secretName, read-only
RUN_DIR: Final = "/run/troubleshooter"
TERMINATION_LOG: Final = "/dev/termination-log"
# What may be written to besides the recordings, with limits that keep a runaway from filling the node: the
# agent ends a session near them, the kubelet evicts the pod beyond them. Volume: folder, size.
WRITABLE: Final = {"tmp": ("/tmp", "512Mi"), "home": ("/home", "256Mi"), "run": (RUN_DIR, "16Mi")}  # noqa: S108 - the pod's /tmp
UNSAVED_SIZE: Final = "256Mi"  # of /recordings where nothing is saved to disk
AGENT_COMMAND: Final = ("/opt/troubleshooter/bin/troubleshooter-agent", "run")
GRACE_SECONDS: Final = 30
START_DEADLINE_SECONDS: Final = 600


class ExitCode:
    """Exit codes of the container, and of a shell that could not be recorded."""

    OK: Final = 0
    NOT_GRANTED: Final = 1  # of `shell extend`
    USAGE: Final = 64
    AGENT_FAULT: Final = 70
    NOT_RECORDED: Final = 74
    ENDED_BY_TOOLBOX: Final = 124  # of a session that the toolbox ended
    TOLD_TO_GO: Final = 143  # of the container: by SIGTERM, without a word of why


class EndReason(StrEnum):
    """Why a run ended: the reasons of the condition Ended, and of the termination message."""

    IDLE_TIMEOUT = "IdleTimeout"
    TIME_TO_LIVE_REACHED = "TimeToLiveReached"
    STOPPED = "Stopped"
    RECORDING_FAILED = "RecordingFailed"
    AGENT_FAILED = "AgentFailed"
    OUT_OF_MEMORY = "OutOfMemory"
    EVICTED = "Evicted"
    IMAGE_CHANGED = "ImageChanged"
    POD_DELETED = "PodDeleted"
    POD_LOST = "PodLost"
    START_FAILED = "StartFailed"


class SessionReport(TypedDict):
    """One session in /status, in the termination message and in the resource's status."""

    id: str
    user: str
    startedAt: str  # UTC, 2026-11-22T18:40:03Z
    endedAt: str | None  # None while it runs
    exitCode: int | None
    bytes: int  # of the cast file
    sha256: str | None  # of the cast file, hexadecimal
    file: str  # path relative to the volume: NAMESPACE/NAME/….cast


class Status(TypedDict):
    """What GET /status answers (JSON)."""

    agentVersion: str
    startedAt: str
    expiresAt: str
    idleSince: str | None  # None before the toolbox is ready
    lastActivityAt: str | None
    timeToLiveSeconds: float
    idleTimeoutSeconds: float
    ready: bool
    wantedTimeToLive: str  # what `shell extend` asks for, like 1h15m; "" if nothing
    end: str  # the annotation `end` as the agent has seen it, else the reason it is ending for, else ""
    sessionsActive: int
    sessionCount: int  # ever opened in this run
    recordedBytes: int
    recordingFailures: int
    chain: str
    sessions: list[SessionReport]  # newest first


class TerminationMessage(TypedDict):
    """What the agent leaves in TERMINATION_LOG, at most TERMINATION_MESSAGE_BYTES of JSON."""

    reason: str  # an EndReason
    message: str  # one sentence
    endedAt: str
    sessionCount: int
    recordedBytes: int
    recordingFailures: int
    chain: str
    sessions: list[SessionReport]  # newest first, as many as fit


TERMINATION_MESSAGE_BYTES: Final = 4000
USER_BYTES: Final = 128  # of a user's name in the termination message

_DURATION: Final = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?", re.ASCII)


@dataclass
class DurationError(ValueError):
    """A duration that cannot be read; `value` is what was given."""

    value: str

    def __str__(self) -> str:
        return f"{self.value!r} is no duration: write it like 90s, 45m or 1h30m"


def parse_duration(text: str) -> int:
    """Seconds of a duration written like 90s, 45m or 1h30m (the rule of the CRD); DurationError otherwise."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise DurationError(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def format_duration(seconds: float) -> str:
    """A duration as people write it: 5400 is 1h30m, 60 is 1m, 0 is 0s; parts of a second are dropped."""
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{value}{unit}" for value, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if value]
    return "".join(parts) or "0s"


_SIZE: Final = re.compile(r"(\d{1,15})(Ki|Mi|Gi)?", re.ASCII)
_UNITS: Final = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


@dataclass
class SizeError(ValueError):
    """A size that cannot be read; `value` is what was given."""

    value: str

    def __str__(self) -> str:
        return f"{self.value!r} is no size: write it in bytes, or like 64Ki, 512Mi or 1Gi"


def parse_size(text: str) -> int:
    """Bytes of a size written like 512Mi; SizeError otherwise."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise SizeError(text)
    return int(match[1]) * _UNITS[match[2] or ""]


def format_size(size: int) -> str:
    """A size as it is written: 536870912 is 512Mi, 1000 is 1000."""
    unit = next(unit for unit in ("Gi", "Mi", "Ki", "") if size % _UNITS[unit] == 0 or not unit)
    return f"{size // _UNITS[unit]}{unit}"


def format_time(epoch: float) -> str:
    """An instant in UTC as the API writes it, in whole seconds: 2026-11-22T18:40:03Z."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> float:
    """Seconds since the epoch of an instant written as the API writes it; ValueError otherwise."""
    return datetime.fromisoformat(text).timestamp()


def projected_file(annotation: str) -> str:
    """The file name under ANNOTATIONS_DIR of a projected annotation."""
    return annotation.rpartition("/")[2]


def downward_items(*, elsewhere: bool = False) -> list[dict[str, Any]]:
    """The items of the downward API volume at ANNOTATIONS_DIR, as the pod's manifest wants them.

    `elsewhere`: the pod is not in its Troubleshooter's namespace, whose name an annotation tells then.
    """
    fields = dict(PROJECTED_FIELDS)
    if elsewhere:
        fields["namespace"] = f"metadata.annotations['{ANNOTATION_NAMESPACE}']"
    fields |= {projected_file(name): f"metadata.annotations['{name}']" for name in PROJECTED_ANNOTATIONS}
    return [{"path": path, "fieldRef": {"fieldPath": field}} for path, field in fields.items()]
