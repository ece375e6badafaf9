"""A node, a volume controller and a provisioner, played by the test: one life where there is no kubelet.

Each method does what one of them would do next; the operator under test sees only the API server.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from kubectl import Kubectl, condition

WAIT_SECONDS = 20.0
STARTED = "2026-11-22T18:40:03Z"
ENDED = "2026-11-22T18:59:00Z"


@dataclass(frozen=True)
class PlayedNode:
    """`admin` looks at the namespace in which everything happens."""

    admin: Kubectl

    def prepare(self, labels: dict[str, str] | None = None) -> None:
        """The namespace, with the service account that a controller would make in it."""
        metadata = {"name": self.admin.namespace, "labels": labels or {}}
        self.admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        self.admin.apply(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
        )

    def bind(self, claim: str, *, storage_class: str = "", policy: str = "Delete") -> str:
        """Make a volume for the claim, as a provisioner does; the volume's name."""
        found = self.admin.wait_for("pvc", claim, lambda _: True, timeout=WAIT_SECONDS)
        name = f"pv-{secrets.token_hex(4)}"
        reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "name": claim}
        whose = {"namespace": self.admin.namespace, "uid": found["metadata"]["uid"]}
        spec: dict[str, Any] = {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": policy,
            "hostPath": {"path": f"/nowhere/{name}"},
            "claimRef": reference | whose,
            "storageClassName": storage_class,
        }
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
        self.admin.apply(volume)
        marks = {"volume.kubernetes.io/storage-provisioner": "example.org/provisioner"}
        self._patch("pvc", claim, {"metadata": {"annotations": marks}, "spec": {"volumeName": name}})
        self._patch("pvc", claim, {"status": {"phase": "Bound"}}, "--subresource=status")
        return name

    def run(self, pod: str) -> None:
        """The pod gets its node, without which a deletion would take it at once; the container is ready."""
        self.admin.wait_for("pod", pod, lambda _: True, timeout=WAIT_SECONDS)
        self._schedule(pod)
        state = {"running": {"startedAt": STARTED}}
        ready = {"type": "Ready", "status": "True"}
        self._report(pod, {"phase": "Running", "startTime": STARTED, "conditions": [ready]}, state)

    def finish(self, pod: str) -> None:
        """The operator wants the pod gone: the container ends, and the pod goes."""
        self.admin.wait_for(
            "pod", pod, lambda found: "deletionTimestamp" in found["metadata"], timeout=WAIT_SECONDS
        )
        state = {"terminated": {"exitCode": 0, "startedAt": STARTED, "finishedAt": ENDED}}
        self._report(pod, {"phase": "Succeeded"}, state)
        self.admin.run("delete", "pod", pod, "--force", "--grace-period=0", "--wait=false")

    def wait(self, name: str, kind: str, reason: str) -> str:
        """The message of the Troubleshooter's condition once it has this reason."""
        found = self.admin.wait_for(
            "troubleshooter",
            name,
            lambda asked: condition(asked, kind).get("reason") == reason,
            timeout=WAIT_SECONDS,
            what=f"{kind} with reason {reason} of {name}",
        )
        return str(condition(found, kind)["message"])

    def _schedule(self, pod: str) -> None:
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod},
            "target": {"kind": "Node", "name": "node1"},
        }
        path = f"/api/v1/namespaces/{self.admin.namespace}/pods/{pod}/binding"
        self.admin.run("create", "--raw", path, "--filename=-", stdin=json.dumps(binding))

    def _report(self, pod: str, status: dict[str, Any], state: dict[str, Any]) -> None:
        container = {
            "name": "toolbox",
            "image": "x",
            "imageID": "sha256:aa",
            "restartCount": 0,
            "ready": True,
        }
        whole = status | {"containerStatuses": [container | {"state": state}]}
        self._patch("pod", pod, {"status": whole}, "--subresource=status")

    def _patch(self, kind: str, name: str, patch: dict[str, Any], *options: str) -> None:
        self.admin.run("patch", kind, name, "--type=merge", f"--patch={json.dumps(patch)}", *options)
