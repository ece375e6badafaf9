"""What the pods of toolboxes and Replays have in common; pure. They pass Pod Security `restricted`.

`pod` and `replay_pod` add what each is for: labels, annotations, volumes.
"""

import hashlib
import json
from typing import Final

from troubleshooter_agent import contract
from troubleshooter_operator.asked import Asked
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.resources import TroubleshooterClass
from troubleshooter_operator.run import Resolved

CAP_MARGIN_SECONDS: Final = 60
# Autoscalers leave the node alone while somebody works on it.
STAY: Final = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
ANNOTATIONS_MOUNT: Final = {"name": "annotations", "mountPath": contract.ANNOTATIONS_DIR, "readOnly": True}


def manifest(metadata: Json, spec: Json) -> Json:
    """A pod with a hash of itself, by which a later change is noticed."""
    made: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    digest = hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]
    made["metadata"]["annotations"][contract.ANNOTATION_MANIFEST] = digest
    return made


def life_cap(offer: TroubleshooterClass) -> int:
    """Seconds after which the kubelet ends the pod, whatever operator and agent do."""
    return (
        contract.parse_duration(offer.time_to_live.max) + contract.START_DEADLINE_SECONDS + CAP_MARGIN_SECONDS
    )


def longest_life(cap: int) -> int:
    """Seconds of life that a pod with this cap can promise; the reverse of `life_cap`."""
    return cap - contract.START_DEADLINE_SECONDS - CAP_MARGIN_SECONDS


def owner(kind: str, asked: Asked) -> Json:
    return {
        "apiVersion": f"{contract.GROUP}/{contract.VERSION}",
        "kind": kind,
        "name": asked.name,
        "uid": asked.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def common_labels(asked: Asked, component: str, whose: str) -> dict[str, str]:
    """`whose`: the Troubleshooter that records here, or whose recordings are read."""
    return {
        contract.LABEL_APP: contract.APP,
        contract.LABEL_INSTANCE: asked.name,
        contract.LABEL_COMPONENT: component,
        contract.LABEL_MANAGED_BY: contract.MANAGED_BY,
        contract.LABEL_NAME: whose,
    }


def common_annotations(asked: Asked, resolved: Resolved) -> dict[str, str]:
    """What every agent is told; who asked and who executes is told once it is certain."""
    return {
        contract.ANNOTATION_TIME_TO_LIVE: resolved.time_to_live,
        contract.ANNOTATION_IDLE_TIMEOUT: resolved.idle_timeout,
        contract.ANNOTATION_REQUESTED_BY: contract.UNVERIFIED,
        contract.ANNOTATION_OWNER_UID: asked.uid,
        contract.ANNOTATION_EXEC_IDENTITY: "none",
        contract.ANNOTATION_IMAGE: resolved.image,
        "kubectl.kubernetes.io/default-container": contract.CONTAINER,
    }


def pod_spec(resolved: Resolved, offer: TroubleshooterClass, container: Json, volumes: list[Json]) -> Json:
    spec: Json = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": contract.GRACE_SECONDS,
        "activeDeadlineSeconds": life_cap(offer),
        "automountServiceAccountToken": resolved.service_account is not None,
        "enableServiceLinks": False,
        "securityContext": _pod_security(resolved, offer),
        "containers": [container],
        "volumes": [*volumes, *_writable_volumes()],
    }
    if offer.pull_secrets:
        spec["imagePullSecrets"] = list(offer.pull_secrets)
    if offer.priority_class:
        spec["priorityClassName"] = offer.priority_class
    if offer.tolerations or resolved.tolerations:
        spec["tolerations"] = [*offer.tolerations, *resolved.tolerations]
    if resolved.node_selector:
        spec["nodeSelector"] = resolved.node_selector
    if resolved.service_account:
        spec["serviceAccountName"] = resolved.service_account
    return spec


def container(
    resolved: Resolved, offer: TroubleshooterClass, mounts: list[Json], options: tuple[str, ...] = ()
) -> Json:
    """`options`: of the agent's command `run`."""
    return {
        "name": contract.CONTAINER,
        "image": resolved.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [*contract.AGENT_COMMAND, *options],
        "env": [*offer.env, {"name": "HOME", "value": "/home"}],
        "ports": [{"name": "metrics", "containerPort": contract.METRICS_PORT, "protocol": "TCP"}],
        "resources": {"requests": dict(offer.requests), "limits": dict(offer.limits)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # The first one comes before the agent listens, and a person waits for the second.
        "readinessProbe": _probe("/readyz", every=1, failures=6),
        # A loaded node must not end a session: only a PID 1 that is silent for 100 s does.
        "livenessProbe": _probe("/healthz", every=10, failures=10),
        "terminationMessagePath": contract.TERMINATION_LOG,
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts
        + [{"name": name, "mountPath": path} for name, (path, _) in contract.WRITABLE.items()],
    }


def annotations_volume(*, elsewhere: bool) -> Json:
    """`elsewhere`: the namespace of the recordings is told by an annotation."""
    items = contract.downward_items(elsewhere=elsewhere)
    return {"name": "annotations", "downwardAPI": {"items": items}}


def _pod_security(resolved: Resolved, offer: TroubleshooterClass) -> Json:
    chosen = {"runAsUser": resolved.run_as_user, "runAsGroup": offer.run_as_group, "fsGroup": offer.fs_group}
    return {
        "runAsNonRoot": resolved.run_as_non_root,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroupChangePolicy": "OnRootMismatch",
        # ping without any capability; a safe sysctl, so `restricted` lets it pass.
        "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}],
    } | {name: value for name, value in chosen.items() if value is not None}


def _probe(path: str, *, every: int, failures: int) -> Json:
    return {
        "httpGet": {"path": path, "port": "metrics"},
        "periodSeconds": every,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _writable_volumes() -> list[Json]:
    return [{"name": name, "emptyDir": {"sizeLimit": size}} for name, (_, size) in contract.WRITABLE.items()]
