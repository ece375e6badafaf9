"""The test cluster as a test session sees it: brought up if it is not, left as it was found."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CLI = CHECKOUT / "tests" / "cluster" / "cli.py"


class HarnessFailedError(Exception):
    """The harness has said on stderr what is wrong; this says which of its commands it was."""


@dataclass(frozen=True)
class Node:
    """Our node; `logs` is the folder with a log of each of its parts, `pid` is in its namespaces."""

    root: Path
    logs: Path
    pid: int


@dataclass(frozen=True)
class Cluster:
    """A live cluster; `node` is None where it is not ours (CLUSTER=current)."""

    kubectl: Path
    kubeconfig: Path
    node: Node | None

    @property
    def root(self) -> Path:
        return self._own_node().root

    @property
    def logs(self) -> Path:
        return self._own_node().logs

    @property
    def pid(self) -> int:
        return self._own_node().pid

    def _own_node(self) -> Node:
        assert self.node, "this works on the node itself: mark the test own_node"
        return self.node


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A cluster with the project's images in it; taken down at the end only if it was not up before."""
    was_up = status() is not None
    call("up")
    try:
        call("image")
        cluster = status()
        if cluster is None:
            raise HarnessFailedError("the cluster ended right after its start")
        yield cluster
    finally:
        if not was_up:
            call("down")


def status() -> Cluster | None:
    """The cluster that is up on this host, or None."""
    result = subprocess.run([sys.executable, CLI, "status"], capture_output=True, text=True, check=False)
    if result.returncode:
        return None
    described = json.loads(result.stdout)
    record = described.get("node")
    node = Node(Path(record["root"]), Path(record["logs"]), record["pid"]) if record else None
    return Cluster(Path(described["kubectl"]), Path(described["kubeconfig"]), node)


def call(*arguments: str) -> str:
    """What a command of the harness prints; its talk goes where ours goes. HarnessFailedError if it fails."""
    result = subprocess.run([sys.executable, CLI, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise HarnessFailedError(f"`cli.py {' '.join(arguments)}` failed, and says above why")
    return result.stdout
