"""A claim on a volume with little room, really: those of the test cluster's class have all of the disk."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness import Cluster
from kubectl import Kubectl
from processes import child_of

MODE = "0777"  # a mount like this is given to no group, and the toolbox is not root


@contextmanager
def small_claim(cluster: Cluster, admin: Kubectl, claim: str, size: str) -> Iterator[None]:
    """The claim, labelled for recordings, and its volume of so many bytes, made by an administrator."""
    folder = cluster.root / "small" / f"{admin.namespace}-{claim}"
    _on_node(cluster, "mkdir", "-p", str(folder))
    _on_node(cluster, "mount", "-t", "tmpfs", "-o", f"size={size},mode={MODE}", "tmpfs", str(folder))
    try:
        name = f"{admin.namespace}-{claim}"
        admin.apply(_volume(name, str(folder)), _claim(claim, name))
        yield
    finally:
        _on_node(cluster, "umount", "--lazy", str(folder))  # its pod may still be ending
        _on_node(cluster, "rmdir", str(folder))


def _volume(name: str, folder: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "64Mi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "hostPath": {"path": folder},
        },
    }


def _claim(name: str, volume: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "labels": {"troubleshooter.sh/recordings": "true"}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "",
            "volumeName": volume,
            "resources": {"requests": {"storage": "64Mi"}},
        },
    }


def _on_node(cluster: Cluster, *command: str) -> None:
    node = child_of(cluster.pid)
    assert node is not None
    subprocess.run(["nsenter", "--target", str(node), "--mount", "--pid", "--", *command], check=True)
