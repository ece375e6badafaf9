"""A toolbox's pod written by hand, as it is documented: agent and image without the operator."""

from typing import Any

import images
from kubectl import Kubectl
from toolbox import Toolbox

from troubleshooter_agent.contract import downward_items

IMAGE = images.names().of("toolbox")
START_SECONDS = 60


def start_by_hand(user: Kubectl, name: str, **annotations: str) -> Toolbox:
    """The toolbox in such a pod, with a claim NAME-recordings, once the pod is Ready."""
    user.apply(claim(name), pod(name, annotations))
    user.wait_condition("pod", name, "Ready", timeout=START_SECONDS)
    return Toolbox(user, name)


def claim(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": f"{name}-recordings"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "64Mi"}}},
    }


def pod(name: str, annotations: dict[str, str]) -> dict[str, Any]:
    """The pod; `annotations` are those of the agent, with _ for - in their names."""
    given = {"recordings_retained": "yes", **annotations}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {"troubleshooter.sh/name": name},
            "annotations": {
                f"troubleshooter.sh/{key.replace('_', '-')}": text for key, text in given.items()
            },
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 30,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
                "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}],
            },
            "containers": [_container()],
            "volumes": [
                {"name": "recordings", "persistentVolumeClaim": {"claimName": f"{name}-recordings"}},
                {"name": "annotations", "downwardAPI": {"items": downward_items()}},
                *({"name": name, "emptyDir": {"sizeLimit": "64Mi"}} for name in ("tmp", "home", "run")),
            ],
        },
    }


def _container() -> dict[str, Any]:
    mounts = {
        "recordings": "/recordings",
        "annotations": "/etc/troubleshooter",
        "tmp": "/tmp",  # noqa: S108 - the pod's /tmp
        "home": "/home",
        "run": "/run/troubleshooter",
    }
    return {
        "name": "toolbox",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "metrics", "containerPort": 9464}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "metrics"}, "periodSeconds": 1},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "metrics"}, "failureThreshold": 10},
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in mounts.items()],
    }
