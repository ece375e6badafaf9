"""The operator as the cluster runs it: deployed from deploy/base, sent away, killed, listened to."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import CHECKOUT
from kubectl import Kubectl, wait_until

NAMESPACE = "troubleshooter-system"
DEPLOYMENT = "deployment/troubleshooter-operator"
PODS = "--selector=app.kubernetes.io/name=troubleshooter-operator"
ROLLOUT_SECONDS = 90
BACK_SECONDS = 60


def deploy(admin: Kubectl) -> None:
    """CRDs, rights, default class and operator as they are in this checkout, with the image that was loaded last."""
    admin.run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
    admin.run("rollout", "restart", DEPLOYMENT, f"--namespace={NAMESPACE}")
    _wait_until_available(admin)


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


def kill(admin: Kubectl) -> None:
    """End the operator's process with SIGKILL, as a crash does; the kubelet starts it again."""
    (pod,) = pods(admin)
    container = pod["status"]["containerStatuses"][0]["containerID"].rpartition("/")[2]
    os.kill(_process_of(container), signal.SIGKILL)


def wait_until_back(admin: Kubectl) -> None:
    """Return once the operator answers again."""
    _wait_until_available(admin)


def pods(admin: Kubectl) -> list[Any]:
    found: list[Any] = admin.in_namespace(NAMESPACE).json("get", "pods", PODS)["items"]
    return found


def log_lines(admin: Kubectl) -> list[str]:
    """What the running operator has logged since its start."""
    return admin.in_namespace(NAMESPACE).run("logs", DEPLOYMENT, "--tail=-1").stdout.splitlines()


def _wait_until_available(admin: Kubectl) -> None:
    limit = f"--timeout={ROLLOUT_SECONDS}s"
    admin.in_namespace(NAMESPACE).run("rollout", "status", DEPLOYMENT, limit, timeout=ROLLOUT_SECONDS + 10)


def _process_of(container: str) -> int:
    """The first process of a container, found by its control group: the node's processes are children of this host's."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if container in (folder / "cgroup").read_text():
                return int(folder.name)
        except OSError:
            continue  # it has just ended
    raise AssertionError(f"no process of container {container} runs")
