"""The pod, as a literal: what is promised in docs/api.md and what Pod Security `restricted` asks for."""

from typing import Any

import pytest
from resource_objects import OWNER, offer, troubleshooter

from troubleshooter_operator.pod import pod_manifest
from troubleshooter_operator.resolve import resolve
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.resources import troubleshooter_class

PROJECTED = [
    ("namespace", "metadata.namespace"),
    ("pod", "metadata.name"),
    ("pod-uid", "metadata.uid"),
    ("name", "metadata.labels['troubleshooter.sh/name']"),
    ("time-to-live", "metadata.annotations['troubleshooter.sh/time-to-live']"),
    ("idle-timeout", "metadata.annotations['troubleshooter.sh/idle-timeout']"),
    ("recordings-retained", "metadata.annotations['troubleshooter.sh/recordings-retained']"),
    ("requested-by", "metadata.annotations['troubleshooter.sh/requested-by']"),
    ("owner-uid", "metadata.annotations['troubleshooter.sh/owner-uid']"),
    ("end", "metadata.annotations['troubleshooter.sh/end']"),
    ("exec-identity", "metadata.annotations['troubleshooter.sh/exec-identity']"),
    ("run", "metadata.annotations['troubleshooter.sh/run']"),
    ("purpose", "metadata.annotations['troubleshooter.sh/purpose']"),
    ("image", "metadata.annotations['troubleshooter.sh/image']"),
    ("save-to-disk", "metadata.annotations['troubleshooter.sh/save-to-disk']"),
    ("log-to-stdout", "metadata.annotations['troubleshooter.sh/log-to-stdout']"),
    ("notice", "metadata.annotations['troubleshooter.sh/notice']"),
    ("extension", "metadata.annotations['troubleshooter.sh/extension']"),
    ("replay", "metadata.annotations['troubleshooter.sh/replay']"),
]


def manifest(spec: Any = None, class_spec: Any = None, run: int = 1) -> dict[str, Any]:
    asked, offered = parse(troubleshooter(spec)), troubleshooter_class(offer(class_spec))
    return pod_manifest(asked, resolve(asked, offered), offered, run)


def test_the_pod_of_an_empty_spec() -> None:
    made = manifest()
    assert len(made["metadata"]["annotations"].pop("troubleshooter.sh/manifest-hash")) == 16
    assert made == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "labels": {
                "app.kubernetes.io/name": "troubleshooter",
                "app.kubernetes.io/instance": "web",
                "app.kubernetes.io/component": "toolbox",
                "app.kubernetes.io/managed-by": "troubleshooter-operator",
                "troubleshooter.sh/name": "web",
            },
            "annotations": {
                "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
                "karpenter.sh/do-not-disrupt": "true",
                "kubectl.kubernetes.io/default-container": "toolbox",
                "troubleshooter.sh/time-to-live": "1h",
                "troubleshooter.sh/idle-timeout": "15m",
                "troubleshooter.sh/requested-by": "unverified",
                "troubleshooter.sh/owner-uid": OWNER,
                "troubleshooter.sh/exec-identity": "none",
                "troubleshooter.sh/run": "1",
                "troubleshooter.sh/purpose": "",
                "troubleshooter.sh/image": "registry.example/toolbox:1",
                "troubleshooter.sh/save-to-disk": "true",
                "troubleshooter.sh/log-to-stdout": "false",
                "troubleshooter.sh/notice": "",
            },
            "ownerReferences": [
                {
                    "apiVersion": "troubleshooter.sh/v1alpha1",
                    "kind": "Troubleshooter",
                    "name": "web",
                    "uid": OWNER,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 30,
            "activeDeadlineSeconds": 2 * 3600 + 600 + 60,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
                "fsGroup": 10001,
                "fsGroupChangePolicy": "OnRootMismatch",
                "sysctls": [{"name": "net.ipv4.ping_group_range", "value": "0 2147483647"}],
            },
            "containers": [
                {
                    "name": "toolbox",
                    "image": "registry.example/toolbox:1",
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["/opt/troubleshooter/bin/troubleshooter-agent", "run"],
                    "env": [{"name": "HOME", "value": "/home"}],
                    "ports": [{"name": "metrics", "containerPort": 9464, "protocol": "TCP"}],
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
                        "limits": {"cpu": "1", "memory": "512Mi", "ephemeral-storage": "1Gi"},
                    },
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "readinessProbe": {
                        "httpGet": {"path": "/readyz", "port": "metrics"},
                        "periodSeconds": 1,
                        "timeoutSeconds": 2,
                        "failureThreshold": 6,
                    },
                    "livenessProbe": {
                        "httpGet": {"path": "/healthz", "port": "metrics"},
                        "periodSeconds": 10,
                        "timeoutSeconds": 2,
                        "failureThreshold": 10,
                    },
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                    "volumeMounts": [
                        {"name": "recordings", "mountPath": "/recordings"},
                        {"name": "annotations", "mountPath": "/etc/troubleshooter", "readOnly": True},
                        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's
                        {"name": "home", "mountPath": "/home"},
                        {"name": "run", "mountPath": "/run/troubleshooter"},
                    ],
                }
            ],
            "volumes": [
                {"name": "recordings", "persistentVolumeClaim": {"claimName": "web-recordings"}},
                {
                    "name": "annotations",
                    "downwardAPI": {
                        "items": [
                            {"path": path, "fieldRef": {"fieldPath": field}} for path, field in PROJECTED
                        ]
                    },
                },
                {"name": "tmp", "emptyDir": {"sizeLimit": "512Mi"}},
                {"name": "home", "emptyDir": {"sizeLimit": "256Mi"}},
                {"name": "run", "emptyDir": {"sizeLimit": "16Mi"}},
            ],
        },
    }


def test_the_class_shapes_the_pod_but_not_its_identity() -> None:
    made = manifest(
        class_spec={
            "security": {"runAsUser": 2000, "runAsGroup": 3000, "fsGroup": None},
            "pod": {
                "labels": {"team": "net", "app.kubernetes.io/name": "innocent"},
                "annotations": {"note": "x", "troubleshooter.sh/owner-uid": "forged"},
                "imagePullSecrets": [{"name": "pull"}],
                "priorityClassName": "high",
                "env": [
                    {"name": "HTTPS_PROXY", "value": "http://proxy:3128"},
                    {"name": "HOME", "value": "/"},
                ],
                "tolerations": [{"operator": "Exists"}],
            },
        }
    )
    assert made["metadata"]["labels"]["team"] == "net"
    assert made["metadata"]["labels"]["app.kubernetes.io/name"] == "troubleshooter"
    assert made["metadata"]["annotations"]["note"] == "x"
    assert made["metadata"]["annotations"]["troubleshooter.sh/owner-uid"] == OWNER
    security = made["spec"]["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], "fsGroup" in security) == (2000, 3000, False)
    assert made["spec"]["imagePullSecrets"] == [{"name": "pull"}]
    assert made["spec"]["priorityClassName"] == "high"
    assert made["spec"]["tolerations"] == [{"operator": "Exists"}]
    assert made["spec"]["containers"][0]["env"][0] == {"name": "HTTPS_PROXY", "value": "http://proxy:3128"}
    assert made["spec"]["containers"][0]["env"][-1] == {"name": "HOME", "value": "/home"}


@pytest.mark.parametrize(
    "spec",
    [
        {"image": "registry.example/team/x:1"},
        {"timeToLive": "30m"},
        {"idleTimeout": "5m"},
        {"purpose": "why"},
        {"runAsUser": 1234},
        {"saveToDisk": {"claimName": "other"}},
    ],
)
def test_each_field_that_shapes_the_pod_changes_its_hash(spec: Any) -> None:
    name = "troubleshooter.sh/manifest-hash"
    assert manifest(spec)["metadata"]["annotations"][name] != manifest()["metadata"]["annotations"][name]


def test_nothing_saved_means_no_claim_and_room_for_running_sessions() -> None:
    made = manifest({"saveToDisk": {"enabled": False}}, {"allow": {"unrecorded": True}})
    assert made["spec"]["volumes"][0] == {"name": "recordings", "emptyDir": {"sizeLimit": "256Mi"}}
    assert made["metadata"]["annotations"]["troubleshooter.sh/save-to-disk"] == "false"


def test_what_is_asked_for_out_of_the_ordinary() -> None:
    made = manifest(
        {
            "logToStdout": True,
            "runAsNonRoot": False,
            "runAsUser": 0,
            "ssh": {"secretName": "keys"},
            "serviceAccountName": "robot",
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "podLabels": {"team": "shop"},
            "access": {"users": ["bob", "eve"], "groups": ["sre"]},
        },
        {
            "allow": {
                "logToStdout": True,
                "ssh": True,
                "serviceAccount": True,
                "nodeSelection": True,
                "podLabels": ["team"],
            },
            "security": {"allowRoot": True, "fsGroup": 10001},
            "pod": {"tolerations": [{"key": "spot"}], "labels": {"team": "any"}},
            "recording": {"maxSize": "512Mi", "notice": "be kind"},
        },
    )
    spec, (container,) = made["spec"], made["spec"]["containers"]
    annotations = made["metadata"]["annotations"]
    assert annotations["troubleshooter.sh/log-to-stdout"] == "true"
    assert annotations["troubleshooter.sh/notice"] == "be kind"
    assert annotations["troubleshooter.sh/access-users"] == "bob\neve"
    assert annotations["troubleshooter.sh/access-groups"] == "sre"
    assert made["metadata"]["labels"]["team"] == "shop"
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("robot", True)
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == [{"key": "spot"}, {"key": "gpu", "operator": "Exists"}]
    assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["runAsUser"]) == (False, 0)
    assert container["command"][1:] == ["run", "--session-size=512Mi"]
    assert {"name": "ssh", "secret": {"secretName": "keys", "defaultMode": 0o440}} in spec["volumes"]
    assert {"name": "ssh", "mountPath": "/etc/troubleshooter-ssh", "readOnly": True} in container[
        "volumeMounts"
    ]
