"""Where the tests of one module play: a namespace, its editor, and the administrator who looks on."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import harness
from kubectl import Kubectl, condition, wait_until
from shelf import Shelf, open_shelf
from toolbox import Toolbox

NAMESPACE_DEADLINE = 20.0
READY_DEADLINE = 60.0
# What deploy/policies asks for, and what an editor has not by itself.
CLASSES = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: classes}
rules:
- {apiGroups: [troubleshooter.sh], resources: [troubleshooterclasses], verbs: [use]}
- {apiGroups: [troubleshooter.sh], resources: [troubleshooters/temporarynamespace], verbs: [create]}
"""


@dataclass(frozen=True)
class Stage:
    """`admin` and `editor` both look at `namespace`; `folder` is for copies of volumes."""

    namespace: str
    admin: Kubectl
    editor: Kubectl
    folder: Path

    def ask(self, name: str, **spec: Any) -> None:
        """Apply a Troubleshooter with such a spec, as the user."""
        self.editor.apply(troubleshooter(name, spec))

    def start(self, name: str, **spec: Any) -> Toolbox:
        """The toolbox of a new Troubleshooter once it is Ready."""
        self.ask(name, **spec)
        return self.ready(name)

    def ready(self, name: str) -> Toolbox:
        self.editor.wait_condition("troubleshooter", name, "Ready", timeout=READY_DEADLINE)
        return Toolbox(self.editor, name)

    def shelf(self, name: str) -> Shelf:
        """The recordings of a Troubleshooter, also after its end."""
        claim = f"{name}-recordings"
        folder = self.folder / claim
        folder.mkdir(exist_ok=True)
        return open_shelf(self.admin, claim, folder)

    def wait_reason(
        self, name: str, reason: str, *, kind: str = "Ready", timeout: float = 60
    ) -> dict[str, Any]:
        """The condition of a Troubleshooter as soon as it has such a reason."""
        found = self.editor.wait_for(
            "troubleshooter",
            name,
            lambda asked: condition(asked, kind).get("reason") == reason,
            timeout=timeout,
            what=f"{kind} with reason {reason} of {name}",
        )
        return condition(found, kind)

    def volume_of(self, claim: str) -> Any:
        """The PersistentVolume that a claim is bound to."""
        return self.admin.json("get", "pv", self.admin.json("get", "pvc", claim)["spec"]["volumeName"])


def troubleshooter(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return _resource("Troubleshooter", name, spec)


def replay(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return _resource("Replay", name, spec)


def _resource(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "troubleshooter.sh/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": dict(spec),
    }


@contextmanager
def new_namespace(admin: Kubectl) -> Iterator[str]:
    """A namespace that enforces Pod Security `restricted`; gone afterwards, with its volumes."""
    name = f"e2e-{secrets.token_hex(3)}"
    admin.run("create", "namespace", name)
    admin.run("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    inside = admin.in_namespace(name)
    account = partial(inside.get, "serviceaccount", "default")  # without it no pod can be made
    wait_until(account, timeout=NAMESPACE_DEADLINE, what=f"the service account of {name}")
    try:
        yield name
    finally:
        delete_namespace(admin, name)


def delete_namespace(admin: Kubectl, name: str) -> None:
    """With its volumes, whatever their reclaim policy."""
    admin.run("delete", "namespace", name, "--wait=false")
    volumes = admin.json("get", "persistentvolumes")["items"]
    for volume in volumes:
        if volume["spec"].get("claimRef", {}).get("namespace") == name:
            admin.run("delete", "persistentvolume", volume["metadata"]["name"], "--wait=false")


def new_editor(cluster: harness.Cluster, admin: Kubectl, namespace: str, name: str) -> Kubectl:
    """A user with a certificate of the cluster, who may edit in a namespace and use every class there."""
    kubeconfig = Path(harness.call("user", name).strip())
    inside = admin.in_namespace(namespace)
    inside.apply(CLASSES)
    for role in ("clusterrole=edit", "role=classes"):
        inside.run("create", "rolebinding", f"{role.partition('=')[2]}-{name}", f"--{role}", f"--user={name}")
    user = Kubectl(cluster.kubectl, kubeconfig, namespace)

    def may() -> bool:
        return user.attempt("auth", "can-i", "create", "pods").returncode == 0

    wait_until(may, timeout=NAMESPACE_DEADLINE, what=f"the rights of {name}")
    return user
