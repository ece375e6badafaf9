"""The cluster of the current kubeconfig in place of our own: with CLUSTER=current only, and never silently.

It is used, not made: nothing of it is started, ended or configured, and its users are impersonated. Images
reach it through IMAGE_REGISTRY, from which it pulls.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from progress import HarnessError

_REGISTRY = re.compile(
    r"(?P<scheme>https?://)?(?P<address>[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9][a-z0-9._/-]*)?)"
)
ANSWER_SECONDS = 20


def is_asked_for(environ: Mapping[str, str] = os.environ) -> bool:
    """HarnessError for what CLUSTER cannot be."""
    value = environ.get("CLUSTER", "")
    if value not in ("", "current"):
        raise HarnessError(
            f"CLUSTER takes current, for the cluster of your kubeconfig; left out, a cluster of its own is "
            f"started. Got {value}"
        )
    return value == "current"


@dataclass(frozen=True)
class Registry:
    """Where images are pushed to and pulled from; `address` is what their names begin with."""

    address: str
    plain_http: bool


def registry(environ: Mapping[str, str] = os.environ) -> Registry:
    """As IMAGE_REGISTRY says; HarnessError where it says nothing that could be one."""
    value = environ.get("IMAGE_REGISTRY", "")
    found = _REGISTRY.fullmatch(value)
    if not found:
        got = f"got {value}" if value else "it is not set"
        raise HarnessError(
            "CLUSTER=current needs IMAGE_REGISTRY, a registry that you push to and the cluster pulls from, "
            f"such as registry.example.org/team, or http://10.0.0.5:5000 for one without TLS; {got}"
        )
    return Registry(found["address"], plain_http=found["scheme"] == "http://")


@dataclass(frozen=True)
class Current:
    """That cluster: `config` is the kubeconfig of its current context alone."""

    kubectl: Path
    context: str
    server: str
    config: Mapping[str, Any]

    @property
    def description(self) -> str:
        return f"context {self.context} at {self.server}"

    def write(self, folder: Path, name: str, user: str = "", groups: Sequence[str] = ()) -> Path:
        """A kubeconfig for its administrator, or for a user whom that one impersonates."""
        config = json.loads(json.dumps(self.config))
        if user:
            config["users"][0]["user"] |= {"as": user, **({"as-groups": list(groups)} if groups else {})}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        part = path.with_suffix(f".{os.getpid()}")  # others may be reading the old one
        part.touch(mode=0o600)
        part.write_text(json.dumps(config, indent=1))
        part.rename(path)
        return path


def find(environ: Mapping[str, str] = os.environ) -> Current:
    """HarnessError without kubectl, without a current context, or where no API server answers."""
    program = shutil.which("kubectl", path=environ.get("PATH"))
    if program is None:
        raise HarnessError("CLUSTER=current needs kubectl in the PATH.")
    config = json.loads(
        _ask(program, environ, "config", "view", "--minify", "--flatten", "--raw", "--output=json")
    )
    _ask(program, environ, "get", "--raw=/readyz", f"--request-timeout={ANSWER_SECONDS}s")
    return Current(
        Path(program), config["current-context"], config["clusters"][0]["cluster"]["server"], config
    )


def _ask(program: str, environ: Mapping[str, str], *arguments: str) -> str:
    result = subprocess.run([program, *arguments], env=environ, capture_output=True, text=True, check=False)
    if result.returncode:
        raise HarnessError(
            f"CLUSTER=current, but kubectl {arguments[0]} says: {result.stderr.strip()}\n"
            "Name the cluster with KUBECONFIG, or choose it with kubectl config use-context."
        )
    return result.stdout
