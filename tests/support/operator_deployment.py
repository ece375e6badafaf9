"""The operator as the cluster runs it: deployed as `make deploy` does, sent away, killed, listened to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import crds
import images
from containers import container_of, init_of
from harness import CHECKOUT
from kubectl import Kubectl, wait_until

NAMESPACE = "troubleshooter-system"
DEPLOYMENT = "deployment/troubleshooter-operator"
PODS = "--selector=app.kubernetes.io/name=troubleshooter-operator"
ROLLOUT_SECONDS = 90
BACK_SECONDS = 60
POLICIES_SECONDS = 30
BELIEF_SECONDS = 60  # it asks every half minute
OURS = {"app.kubernetes.io/managed-by": "troubleshooter-operator"}
IMPOSTOR = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "impostor", "labels": OURS},
    "spec": {"containers": [{"name": "main", "image": "example.org/app:1"}]},
}


def deploy(admin: Kubectl) -> None:
    """CRDs, rights, default class, operator and policies of this checkout; the image that was loaded last."""
    home = admin.in_namespace(NAMESPACE)
    is_update = home.get(DEPLOYMENT) is not None
    crds.install(home)
    base = home.run("kustomize", str(CHECKOUT / "deploy" / "base")).stdout
    home.apply(images.names().put_into(base))
    if is_update:
        home.run("rollout", "restart", DEPLOYMENT)
    command = [sys.executable, str(CHECKOUT / "tools" / "policies.py"), "apply", "--", *home.command()]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    _wait_until_available(admin)
    wait_until(lambda: _are_policies_in_force(admin), timeout=POLICIES_SECONDS, what="the policies in force")
    wait_until(lambda: _are_names_believed(admin), timeout=BELIEF_SECONDS, what="names that are believed")


@contextmanager
def absent(admin: Kubectl) -> Iterator[None]:
    """No operator runs during the block; afterwards it does."""
    home = admin.in_namespace(NAMESPACE)
    home.run("scale", DEPLOYMENT, "--replicas=0")
    try:
        wait_until(lambda: not pods(admin), timeout=BACK_SECONDS, what="the end of the operator's pod")
        yield
    finally:
        home.run("scale", DEPLOYMENT, "--replicas=1")
    _wait_until_available(admin)


def kill(admin: Kubectl) -> str:
    """End the operator with SIGKILL, as a crash does; the kubelet starts another. The id of its container."""
    (pod,) = pods(admin)
    container = container_of(pod)
    os.kill(init_of(container), signal.SIGKILL)
    return container


def wait_until_another_runs(admin: Kubectl, killed: str) -> None:
    """Return once an operator that was started after the killed one answers."""

    def is_back() -> bool:
        found = _container(admin)
        return bool(found["ready"]) and not found["containerID"].endswith(killed)

    wait_until(is_back, timeout=BACK_SECONDS, what="an operator after the killed one")


def pods(admin: Kubectl) -> list[Any]:
    found: list[Any] = admin.in_namespace(NAMESPACE).json("get", "pods", PODS)["items"]
    return found


def log_lines(admin: Kubectl) -> list[str]:
    """What the running operator has logged since its start."""
    return admin.in_namespace(NAMESPACE).run("logs", DEPLOYMENT, "--tail=-1").stdout.splitlines()


def _are_policies_in_force(admin: Kubectl) -> bool:
    words = ("create", "--dry-run=server", "--filename=-")
    said = admin.in_namespace("default").attempt(*words, stdin=json.dumps(IMPOSTOR)).stderr
    return "only the operator makes pods" in said


def _are_names_believed(admin: Kubectl) -> bool:
    told = [line for line in log_lines(admin) if "event=policies" in line]
    return bool(told) and "execs=enforced" in told[-1]


def _container(admin: Kubectl) -> Any:
    (pod,) = pods(admin)
    return pod["status"]["containerStatuses"][0]


def _wait_until_available(admin: Kubectl) -> None:
    limit = f"--timeout={ROLLOUT_SECONDS}s"
    admin.in_namespace(NAMESPACE).run("rollout", "status", DEPLOYMENT, limit, timeout=ROLLOUT_SECONDS + 10)
