"""A control plane with the product and its policies in a namespace `team`, and the people in it.

alice and bob edit the namespace, carol administers it; what else somebody may do, a test gives them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import crds
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import Kubectl, Result, wait_until

POLICIES = CHECKOUT / "deploy" / "policies"
TEAM = "team"
IN_FORCE_SECONDS = 30.0
DRY = "--dry-run=server"


@dataclass(frozen=True)
class Scene:
    """What a test of policies has: the control plane, and the operator's rights in the namespace `team`."""

    plane: ControlPlane
    operator: Kubectl

    def person(self, name: str) -> Kubectl:
        return person(self.plane, name)

    @property
    def admin(self) -> Kubectl:
        return self.plane.admin.in_namespace(TEAM)


@contextmanager
def policed_plane(folder: Path, component: str = "validating") -> Iterator[ControlPlane]:
    """With controllers, so that the garbage collector and the binder of volumes are the real ones."""
    with running_control_plane(folder, controllers=True) as plane:
        crds.install(plane.admin)
        home = plane.admin.in_namespace("troubleshooter-system")
        home.run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
        plane.admin.run("create", "namespace", TEAM)
        team = plane.admin.in_namespace(TEAM)
        team.run("create", "rolebinding", "edit", "--clusterrole=edit", "--user=alice", "--user=bob")
        team.run("create", "rolebinding", "admin", "--clusterrole=admin", "--user=carol")
        home.run("apply", "-k", str(POLICIES / component))
        wait_until(
            lambda: team.get("serviceaccount", "default"), timeout=IN_FORCE_SECONDS, what="a service account"
        )
        yield plane


def person(plane: ControlPlane, name: str) -> Kubectl:
    return plane.user(name).in_namespace(TEAM)


def give(plane: ControlPlane, name: str, *rules: Mapping[str, Sequence[str]]) -> None:
    """A role with these rules; by a manifest, since kubectl makes none with verbs that it does not know."""
    team, kind = plane.admin.in_namespace(TEAM), {"apiVersion": "rbac.authorization.k8s.io/v1"}
    team.apply(kind | {"kind": "Role", "metadata": {"name": name}, "rules": rules})
    team.run("create", "rolebinding", name, f"--role={name}", f"--user={name}")


def create(who: Kubectl, manifest: Mapping[str, Any], *more: str) -> Result:
    """What comes of it; it may be refused."""
    return who.attempt("create", "--filename=-", *more, stdin=json.dumps(manifest))


def patch(who: Kubectl, kind: str, name: str, change: Any, *more: str) -> Result:
    """What comes of a merge patch; it may be refused."""
    words = ("patch", kind, name, "--type=merge", f"--patch={json.dumps(change)}")
    return who.attempt(*words, *more)


def wait_until_refused(*attempts: Callable[[], Result]) -> None:
    """Until each of these, which change nothing, is refused: a policy takes seconds to come into force."""
    wait_until(
        lambda: all("denied request" in attempt().stderr for attempt in attempts),
        timeout=IN_FORCE_SECONDS,
        what="the policies in force",
    )


def wait_until_taken(attempt: Callable[[], Result]) -> None:
    """Until nothing is said against it: the API server hears of new rights and deletions a little later."""
    wait_until(lambda: not attempt().stderr, timeout=IN_FORCE_SECONDS, what="what is no longer refused")


def pod(name: str, claims: Mapping[str, bool] | None = None, **metadata: Any) -> dict[str, Any]:
    """A pod on such claims, each with whether it is mounted read-only."""
    mounted = (claims or {}).items()
    volumes = [
        {"name": claim, "persistentVolumeClaim": {"claimName": claim, "readOnly": read_only}}
        for claim, read_only in mounted
    ]
    container = {"name": "main", "image": "example.org/app:1", "resources": {"requests": {"cpu": "100m"}}}
    spec = {"containers": [container], "volumes": volumes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name} | metadata, "spec": spec}


def claim(name: str, **metadata: Any) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
    return kind | {"metadata": {"name": name} | metadata, "spec": spec | {"storageClassName": "by-hand"}}
