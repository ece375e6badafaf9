"""Helm as tests use it: built when the first of them asks, run as the administrator of a cluster."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import binaries
import lifecycle
import places
from harness import CHECKOUT

CHARTS = CHECKOUT / "deploy" / "charts"
NAMESPACE = "troubleshooter-system"
RUN_SECONDS = 120.0


@dataclass(frozen=True)
class Helm:
    """Its own folders of settings and caches are in `folder`; `kubeconfig` says which cluster."""

    program: Path
    folder: Path
    kubeconfig: Path

    def run(self, *arguments: str) -> str:
        """What a command prints that must succeed; AssertionError with what it said otherwise."""
        folders = {f"HELM_{kind}_HOME": str(self.folder / kind) for kind in ("CACHE", "CONFIG", "DATA")}
        result = subprocess.run(
            [str(self.program), *arguments, f"--namespace={NAMESPACE}"],
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
        assert result.returncode == 0, f"helm {' '.join(arguments)}: {result.stdout}{result.stderr}"
        return result.stdout


def helm(folder: Path, kubeconfig: Path) -> Helm:
    """The program, built if it is not in the cache."""
    cache = places.cache()
    with lifecycle.cache_lock(cache):
        program = binaries.optional_program(cache, "helm")
    return Helm(program, folder, kubeconfig)
