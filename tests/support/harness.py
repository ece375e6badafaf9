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
class Cluster:
    """A live cluster; `logs` is the folder with a log of each of its parts, `pid` is in its namespaces."""

    root: Path
    logs: Path
    pid: int

    @property
    def kubectl(self) -> Path:
        return self.root / "bin" / "kubectl"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig" / "admin"


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
    record = json.loads(result.stdout)
    return Cluster(Path(record["root"]), Path(record["logs"]), record["pid"])


def call(*arguments: str) -> str:
    """What a command of the harness prints; its talk goes where ours goes. HarnessFailedError if it fails."""
    result = subprocess.run([sys.executable, CLI, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise HarnessFailedError(f"`cli.py {' '.join(arguments)}` failed, and says above why")
    return result.stdout
