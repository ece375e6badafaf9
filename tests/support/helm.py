"""Helm as tests use it: built when the first of them asks, run as the administrator of a cluster."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import binaries
import lifecycle
import places
import yaml
from harness import CHECKOUT

CHARTS = CHECKOUT / "deploy" / "charts"
NAMESPACE = "troubleshooter-system"
RUN_SECONDS = 120.0
OLDEST = "--kube-version=1.30"  # helm built from its module takes itself for one of 1.20


@dataclass(frozen=True)
class Helm:
    """Its own folders of settings and caches are in `folder`; `kubeconfig` says which cluster."""

    program: Path
    folder: Path
    kubeconfig: Path

    def run(self, *arguments: str, namespace: str = NAMESPACE) -> str:
        """What a command prints that must succeed; AssertionError with what it said otherwise."""
        result = self.attempt(*arguments, namespace=namespace)
        assert result.returncode == 0, f"helm {' '.join(arguments)}: {result.stdout}{result.stderr}"
        return result.stdout

    def rendering(self, chart: str, *options: str) -> list[dict[str, Any]]:
        """What a chart makes of such values, in a cluster of Kubernetes 1.30."""
        return objects(self.run("template", "x", str(CHARTS / chart), OLDEST, *options))

    def attempt(self, *arguments: str, namespace: str = NAMESPACE) -> subprocess.CompletedProcess[str]:
        folders = {f"HELM_{kind}_HOME": str(self.folder / kind) for kind in ("CACHE", "CONFIG", "DATA")}
        return subprocess.run(
            [str(self.program), *arguments, f"--namespace={namespace}"],
            env={
                "HOME": str(self.folder),
                "PATH": os.environ["PATH"],
                "KUBECONFIG": str(self.kubeconfig),
                **folders,
            },
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )


def objects(text: str) -> list[dict[str, Any]]:
    """The objects of a stream of YAML."""
    return [each for each in yaml.safe_load_all(text) if each]


def by_name(things: Iterable[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """The same by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in things}


def helm(folder: Path, kubeconfig: Path) -> Helm:
    """The program, built if it is not in the cache."""
    cache = places.cache()
    with lifecycle.cache_lock(cache):
        program = binaries.optional_program(cache, "helm")
    return Helm(program, folder, kubeconfig)
