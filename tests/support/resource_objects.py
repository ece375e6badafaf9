"""Objects as the API server has them, for tests of the operator: small literals, varied by the test."""

from copy import deepcopy
from typing import Any

Json = dict[str, Any]
OWNER = "11111111-0000-0000-0000-000000000001"
POD_UID = "22222222-0000-0000-0000-000000000002"
CLAIM_UID = "33333333-0000-0000-0000-000000000003"
IMAGE = "registry.example/toolbox:1"
STARTED = "2026-11-22T18:40:03Z"
NOW = 1795372803.0  # 2026-11-22T18:40:03Z


def troubleshooter(spec: Json | None = None, status: Json | None = None, **metadata: Any) -> Json:
    """As it is after the CRD has filled in its defaults."""
    return {
        "apiVersion": "troubleshooter.sh/v1alpha1",
        "kind": "Troubleshooter",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": OWNER,
            "generation": 1,
            "resourceVersion": "50",
        }
        | metadata,
        "spec": {"state": "Running", "run": 1, "saveToDisk": {"enabled": True}} | (spec or {}),
    } | ({"status": status} if status is not None else {})


REPLAY_UID = "44444444-0000-0000-0000-000000000004"
REPLAY_POD_UID = "55555555-0000-0000-0000-000000000005"


def replay(spec: Json | None = None, status: Json | None = None, **metadata: Any) -> Json:
    """One that is to read the recordings of `web`, unless `spec` says otherwise."""
    return {
        "apiVersion": "troubleshooter.sh/v1alpha1",
        "kind": "Replay",
        "metadata": {
            "name": "look",
            "namespace": "default",
            "uid": REPLAY_UID,
            "generation": 1,
            "resourceVersion": "70",
            "creationTimestamp": "2026-11-22T18:40:00Z",
        }
        | metadata,
        "spec": {"troubleshooterName": "web"} if spec is None else spec,
    } | ({"status": status} if status is not None else {})


def replay_status(**more: Any) -> Json:
    """The status of a Replay whose container runs; None takes a field away."""
    status = {
        "observedGeneration": 1,
        "requestedBy": "unverified",
        "podName": "look",
        "podUID": REPLAY_POD_UID,
        "imageID": "sha256:aa",
        "startedAt": STARTED,
        "observedRunningAt": STARTED,
        "expiresAt": "2026-11-22T19:40:03Z",
        "resolved": {"className": "default", "image": IMAGE, "timeToLive": "1h", "idleTimeout": "15m"},
        "claimName": "web-recordings",
        "persistentVolumeName": "pv-1",
        "recordingsOf": "default/web",
        "conditions": [],
    } | more
    return {name: value for name, value in deepcopy(status).items() if value is not None}


def offer(spec: Json | None = None, *, name: str = "default", default: bool = True) -> Json:
    """A TroubleshooterClass with the CRD's defaults; `spec` replaces whole fields of it."""
    return {
        "metadata": {
            "name": name,
            "uid": f"class-{name}",
            "resourceVersion": "10",
            "creationTimestamp": "2026-11-01T00:00:00Z",
            "annotations": {"troubleshooter.sh/is-default-class": "true"} if default else {},
        },
        "spec": {
            "images": {"default": IMAGE, "allowed": ["registry.example/team/*"]},
            "timeToLive": {"default": "1h", "max": "2h"},
            "idleTimeout": {"default": "15m", "max": "1h"},
            "resources": {
                "requests": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
                "limits": {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "1Gi"},
            },
            "storage": {"size": "1Gi", "maxSize": "10Gi"},
            "security": {"fsGroup": 10001},
            "pod": {},
        }
        | (spec or {}),
    }


def pod(status: Json | None = None, annotations: Json | None = None, **metadata: Any) -> Json:
    """A pod of run 1 that the operator made, without the fields of the manifest that no rule reads."""
    return {
        "metadata": {
            "name": "web",
            "namespace": "default",
            "uid": POD_UID,
            "resourceVersion": "60",
            "labels": {
                "app.kubernetes.io/name": "troubleshooter",
                "app.kubernetes.io/instance": "web",
                "app.kubernetes.io/component": "toolbox",
                "app.kubernetes.io/managed-by": "troubleshooter-operator",
                "troubleshooter.sh/name": "web",
            },
            "annotations": {
                "troubleshooter.sh/run": "1",
                "troubleshooter.sh/exec-identity": "none",
                "troubleshooter.sh/requested-by": "unverified",
                "troubleshooter.sh/time-to-live": "1h",
                "troubleshooter.sh/owner-uid": OWNER,
            }
            | (annotations or {}),
            "ownerReferences": [{"kind": "Troubleshooter", "name": "web", "uid": OWNER, "controller": True}],
        }
        | metadata,
        "spec": {
            "nodeName": "node1",
            "activeDeadlineSeconds": 7860,
            "containers": [{"name": "toolbox", "image": IMAGE}],
        },
        "status": {"phase": "Pending"} if status is None else status,
    }


def running(*, ready: bool = True, image_id: str = "sha256:aa", restarts: int = 0) -> Json:
    """The status of a pod whose container runs since STARTED."""
    return {
        "phase": "Running",
        "startTime": "2026-11-22T18:40:00Z",
        "podIP": "10.244.0.9",
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        "containerStatuses": [
            {
                "name": "toolbox",
                "restartCount": restarts,
                "imageID": image_id,
                "state": {"running": {"startedAt": STARTED}},
            }
        ],
    }


def finished(
    *, code: int = 0, reason: str = "Completed", message: str = "", phase: str = "Succeeded", **more: Any
) -> Json:
    """The status of a pod whose container has ended."""
    return {
        "phase": phase,
        "startTime": "2026-11-22T18:40:00Z",
        "containerStatuses": [
            {
                "name": "toolbox",
                "restartCount": 0,
                "imageID": "sha256:aa",
                "state": {
                    "terminated": {
                        "exitCode": code,
                        "reason": reason,
                        "message": message,
                        "startedAt": STARTED,
                        "finishedAt": "2026-11-22T18:59:00Z",
                    }
                },
            }
        ],
    } | more


def claim(*, phase: str = "Bound", annotations: Json | None = None, **metadata: Any) -> Json:
    return {
        "metadata": {
            "name": "web-recordings",
            "namespace": "default",
            "uid": CLAIM_UID,
            "resourceVersion": "70",
            "labels": {"troubleshooter.sh/recordings": "true"},
            "annotations": _identity() | (annotations or {}),
        }
        | metadata,
        "spec": {"volumeName": "pv-1"} if phase == "Bound" else {},
        "status": {"phase": phase},
    }


def volume(
    *, policy: str = "Retain", marked: bool = True, claim_uid: str = CLAIM_UID, **metadata: Any
) -> Json:
    """The volume bound to the claim; `marked` as the operator leaves it before the container starts."""
    marks = {"labels": {"troubleshooter.sh/recordings": "true"}, "annotations": _identity()} if marked else {}
    return {
        "metadata": {"name": "pv-1", "uid": "pv-uid", "resourceVersion": "80"} | marks | metadata,
        "spec": {
            "persistentVolumeReclaimPolicy": policy,
            "claimRef": {"name": "web-recordings", "uid": claim_uid},
        },
    }


def _identity() -> Json:
    return {
        "troubleshooter.sh/namespace": "default",
        "troubleshooter.sh/name": "web",
        "troubleshooter.sh/uid": OWNER,
        "troubleshooter.sh/requested-by": "unverified",
        "troubleshooter.sh/purpose": "",
        "troubleshooter.sh/run": "1",
    }


def run_status(**more: Any) -> Json:
    """The status of a run whose container runs, as the operator writes it; None takes a field away."""
    status = {
        "run": 1,
        "resolved": {
            "className": "default",
            "image": IMAGE,
            "timeToLive": "1h",
            "idleTimeout": "15m",
            "claimName": "web-recordings",
            "size": "1Gi",
            "maxTimeToLive": "2h",
            "saveToDisk": True,
            "logToStdout": False,
            "runAsNonRoot": True,
            "requireRetain": True,
            "temporaryNamespace": False,
        },
        "podUID": POD_UID,
        "imageID": "sha256:aa",
        "startedAt": STARTED,
        "observedRunningAt": STARTED,
        "expiresAt": "2026-11-22T19:40:03Z",
        "recordings": {
            "claimName": "web-recordings",
            "persistentVolumeName": "pv-1",
            "reclaimPolicy": "Retain",
        },
        "sessionCount": 0,
        "sessions": [],
        "conditions": [],
    } | more
    return {name: value for name, value in deepcopy(status).items() if value is not None}


def condition(kind: str, status: str, reason: str, message: str = "because") -> Json:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-22T18:40:00Z",
        "observedGeneration": 1,
    }


def ended_status(reason: str = "IdleTimeout", **more: Any) -> Json:
    conditions = [
        condition("Ready", "False", "Ended"),
        condition("RecordingsRetained", "True", "Retained"),
        condition("Recorded", "True", "Complete"),
        condition("Ended", "True", reason),
    ]
    return run_status(conditions=conditions, endedAt="2026-11-22T18:59:00Z", **more)


FAREWELL = (
    '{"reason": "IdleTimeout", "message": "idle for 15m", "endedAt": "2026-11-22T18:58:59Z", '
    '"sessionCount": 1, "recordedBytes": 457, "recordingFailures": 0, "chain": "'
    + "ab"
    * 32
    + '", "sessions": [{"id": "6rxjr1m8", '
    '"user": "alice", "startedAt": "2026-11-22T18:41:00Z", "endedAt": "2026-11-22T18:43:00Z", "exitCode": 3, '
    '"bytes": 457, "sha256": "' + "cd" * 32 + '", "file": "default/web/2026-11-22T18-41-00Z-6rxjr1m8.cast"}]}'
)
