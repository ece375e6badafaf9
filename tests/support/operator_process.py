"""The operator as a process of this machine, with the rights of its own service account."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from control_plane import ControlPlane
from kubectl import Kubectl

NAMESPACE = "troubleshooter-system"
ACCOUNT = "troubleshooter-operator"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
END_SECONDS = 20.0


def as_operator(plane: ControlPlane, folder: Path) -> Kubectl:
    """With a token of the service account, as a pod has it: no certificate may have so long a name."""
    return write_account(plane.admin, folder)


def write_account(admin: Kubectl, folder: Path, *, verify: bool = True) -> Kubectl:
    """The same at any cluster. Without `verify`, for a clock by which its certificates do not hold yet."""
    token = admin.in_namespace(NAMESPACE).run("create", "token", ACCOUNT).stdout.strip()
    config = admin.json("config", "view", "--raw")
    for each in config["users"]:
        each["user"] = {"token": token}
    for each in config["clusters"]:
        each["cluster"]["insecure-skip-tls-verify"] = not verify
        if not verify:
            del each["cluster"]["certificate-authority-data"]
    path = folder / "operator.kubeconfig"
    path.write_text(json.dumps(config))
    path.chmod(0o600)
    return Kubectl(admin.program, path, NAMESPACE)


@contextmanager
def running_operator(plane: ControlPlane, log: Path, arguments: Sequence[str] = ()) -> Iterator[int]:
    """One for the length of the block. RBAC and policies see its service account; it logs to the file.

    Its process id.
    """
    account = as_operator(plane, log.parent)
    with process_of(account.kubeconfig, log, arguments) as process:
        yield process


@contextmanager
def process_of(
    kubeconfig: Path, log: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> Iterator[int]:
    """The program itself, by its process id, with such a kubeconfig; its environment may be another one."""
    options = ["--kubeconfig", str(kubeconfig), "--port", "0", *arguments]
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "troubleshooter_operator", *options],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment,
        )
    try:
        yield process.pid
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(END_SECONDS)
