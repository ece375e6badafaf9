"""A node, a volume controller and a provisioner, played by the test: one life where there is no kubelet.

Each method does what one of them would do next; the operator under test sees only the API server.
"""

from dataclasses import dataclass

import node_parts
from api_client import client_of
from kubectl import Kubectl, condition
from resource_objects import STARTED

WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class PlayedNode:
    """`admin` looks at the namespace of everything, which happens on `node`, at `started`."""

    admin: Kubectl
    node: str = "pretend"
    started: str = STARTED

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
        with client_of(self.admin.kubeconfig) as api:
            return node_parts.bind(api, found, storage_class=storage_class, policy=policy)

    def run(self, pod: str) -> None:
        """The pod gets its node, and its container is ready."""
        found = self.admin.wait_for("pod", pod, lambda _: True, timeout=WAIT_SECONDS)
        with client_of(self.admin.kubeconfig) as api:
            node_parts.schedule(api, found, self.node)
            node_parts.run(api, found, at=self.started)

    def accept(self, pod: str) -> None:
        """The pod gets its node, whose kubelet has taken it at that instant and not started anything."""
        found = self.admin.wait_for("pod", pod, lambda _: True, timeout=WAIT_SECONDS)
        with client_of(self.admin.kubeconfig) as api:
            node_parts.schedule(api, found, self.node)
            node_parts.accept(api, found, self.started)

    def finish(self, pod: str) -> None:
        """The operator wants the pod gone: the container ends, and the pod goes."""
        found = self.admin.wait_for(
            "pod", pod, lambda found: "deletionTimestamp" in found["metadata"], timeout=WAIT_SECONDS
        )
        with client_of(self.admin.kubeconfig) as api:
            node_parts.end(api, found)
            node_parts.remove(api, found)

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
