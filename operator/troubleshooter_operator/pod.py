"""The manifest of a toolbox's pod; pure. It passes Pod Security `restricted` without a secret or token."""

import hashlib
import json
from typing import Any, Final

from troubleshooter_agent import contract
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.resources import Troubleshooter, TroubleshooterClass
from troubleshooter_operator.run import Resolved

CAP_MARGIN_SECONDS: Final = 60
# Autoscalers leave the node alone while somebody works on it.
STAY: Final = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}


def pod_manifest(asked: Troubleshooter, resolved: Resolved, offer: TroubleshooterClass, run: int) -> Json:
    """The pod of one run, with a hash of itself by which a later change is noticed."""
    manifest: Json = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(asked, resolved, offer, run),
        "spec": _spec(asked, resolved, offer),
    }
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]
    manifest["metadata"]["annotations"][contract.ANNOTATION_MANIFEST] = digest
    return manifest


def life_cap(offer: TroubleshooterClass) -> int:
    """Seconds after which the kubelet ends the pod, whatever operator and agent do."""
    return (
        contract.parse_duration(offer.time_to_live.max) + contract.START_DEADLINE_SECONDS + CAP_MARGIN_SECONDS
    )


def longest_life(cap: int) -> int:
    """Seconds of life that a pod with this cap can promise; the reverse of `life_cap`."""
    return cap - contract.START_DEADLINE_SECONDS - CAP_MARGIN_SECONDS


def pod_labels(asked: Troubleshooter) -> dict[str, str]:
    return {
        contract.LABEL_APP: contract.APP,
        contract.LABEL_INSTANCE: asked.name,
        contract.LABEL_COMPONENT: contract.COMPONENT,
        contract.LABEL_MANAGED_BY: contract.MANAGED_BY,
        contract.LABEL_NAME: asked.name,
    }


def access_annotations(asked: Troubleshooter) -> dict[str, str]:
    """Who may open a shell besides, where admission reads it; absent where nobody may."""
    found = {
        contract.ANNOTATION_ACCESS_USERS: "\n".join(asked.access.users),
        contract.ANNOTATION_ACCESS_GROUPS: "\n".join(asked.access.groups),
    }
    return {name: names for name, names in found.items() if names}


def _word(holds: bool) -> str:  # noqa: FBT001 - its only argument
    return "true" if holds else "false"


def _metadata(
    asked: Troubleshooter, resolved: Resolved, offer: TroubleshooterClass, run: int
) -> dict[str, Any]:
    ours = {
        contract.ANNOTATION_TIME_TO_LIVE: resolved.time_to_live,
        contract.ANNOTATION_IDLE_TIMEOUT: resolved.idle_timeout,
        contract.ANNOTATION_REQUESTED_BY: contract.UNVERIFIED,
        contract.ANNOTATION_OWNER_UID: asked.uid,
        contract.ANNOTATION_EXEC_IDENTITY: "none",
        contract.ANNOTATION_RUN: str(run),
        contract.ANNOTATION_PURPOSE: asked.purpose,
        contract.ANNOTATION_IMAGE: resolved.image,
        contract.ANNOTATION_SAVE_TO_DISK: _word(resolved.save_to_disk),
        contract.ANNOTATION_LOG_TO_STDOUT: _word(resolved.log_to_stdout),
        contract.ANNOTATION_NOTICE: offer.notice,
        "kubectl.kubernetes.io/default-container": contract.CONTAINER,
    }
    if asked.temporary_namespace:
        ours[contract.ANNOTATION_NAMESPACE] = asked.namespace
    return {
        "name": asked.pod_name,
        "namespace": asked.pod_namespace,
        "labels": offer.labels | resolved.pod_labels | pod_labels(asked),
        "annotations": offer.annotations | STAY | ours | access_annotations(asked),
    } | ({} if asked.temporary_namespace else {"ownerReferences": [_owner(asked)]})


def _owner(asked: Troubleshooter) -> Json:
    return {
        "apiVersion": f"{contract.GROUP}/{contract.VERSION}",
        "kind": "Troubleshooter",
        "name": asked.name,
        "uid": asked.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _spec(asked: Troubleshooter, resolved: Resolved, offer: TroubleshooterClass) -> Json:
    spec: Json = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": contract.GRACE_SECONDS,
        "activeDeadlineSeconds": life_cap(offer),
        "automountServiceAccountToken": resolved.service_account is not None,
        "enableServiceLinks": False,
        "securityContext": _pod_security(resolved, offer),
        "containers": [_container(resolved, offer)],
        "volumes": _volumes(asked, resolved),
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


def _pod_security(resolved: Resolved, offer: TroubleshooterClass) -> Json:
    chosen = {"runAsUser": resolved.run_as_user, "runAsGroup": offer.run_as_group, "fsGroup": offer.fs_group}
    return {
        "runAsNonRoot": resolved.run_as_non_root,
        "seccompProfile": {"type": "RuntimeDefault"},
        "fsGroupChangePolicy": "OnRootMismatch",
        # ping without any capability; a safe sysctl, so `restricted` lets it pass.
        "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}],
    } | {name: value for name, value in chosen.items() if value is not None}


def _container(resolved: Resolved, offer: TroubleshooterClass) -> Json:
    mounts = [
        {"name": "recordings", "mountPath": contract.RECORDINGS_DIR},
        {"name": "annotations", "mountPath": contract.ANNOTATIONS_DIR, "readOnly": True},
    ]
    if resolved.ssh_secret:
        mounts.append({"name": "ssh", "mountPath": contract.SSH_DIR, "readOnly": True})
    sizes = [f"--session-size={offer.max_recording}"] if offer.max_recording else []
    return {
        "name": contract.CONTAINER,
        "image": resolved.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [*contract.AGENT_COMMAND, *sizes],
        "env": [*offer.env, {"name": "HOME", "value": "/home"}],
        "ports": [{"name": "metrics", "containerPort": contract.METRICS_PORT, "protocol": "TCP"}],
        "resources": {"requests": dict(offer.requests), "limits": dict(offer.limits)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "readinessProbe": _probe("/readyz", every=2, failures=3),
        # A loaded node must not end a session: only a PID 1 that is silent for 100 s does.
        "livenessProbe": _probe("/healthz", every=10, failures=10),
        "terminationMessagePath": contract.TERMINATION_LOG,
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts
        + [{"name": name, "mountPath": path} for name, (path, _) in contract.WRITABLE.items()],
    }


def _probe(path: str, *, every: int, failures: int) -> Json:
    return {
        "httpGet": {"path": path, "port": "metrics"},
        "periodSeconds": every,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _volumes(asked: Troubleshooter, resolved: Resolved) -> list[Json]:
    items = contract.downward_items(elsewhere=asked.temporary_namespace)
    volumes: list[Json] = [
        {"name": "recordings"} | _recordings(resolved),
        {"name": "annotations", "downwardAPI": {"items": items}},
    ]
    if resolved.ssh_secret:
        # Readable by the pod's group; ssh refuses only keys of its own user that others may read.
        volumes.append({"name": "ssh", "secret": {"secretName": resolved.ssh_secret, "defaultMode": 0o440}})
    return volumes + [
        {"name": name, "emptyDir": {"sizeLimit": size}} for name, (_, size) in contract.WRITABLE.items()
    ]


def _recordings(resolved: Resolved) -> Json:
    """The claim; or, where nothing is saved, room for what running sessions need."""
    if resolved.claim_name is None:
        return {"emptyDir": {"sizeLimit": contract.UNSAVED_SIZE}}
    return {"persistentVolumeClaim": {"claimName": resolved.claim_name}}
