"""Where the harness keeps things on the host, and what the cluster is made from. Pure but for reading files.

CACHE survives: binaries, images, logs. RUN is the host's one place for the lock and the sockets, so that two
checkouts, or two users' caches, meet there. Who wants a cluster of his own beside it sets
TROUBLESHOOTER_CLUSTER to a number from 1 to 9: it has addresses, folders and control groups of its own.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
NUMBER = int(os.environ.get("TROUBLESHOOTER_CLUSTER") or "0")
SUFFIX = f"-{NUMBER}" if NUMBER else ""
RUNS = Path("/run")
RUN = RUNS / f"troubleshooter-cluster{SUFFIX}"
LOCK = RUN / "lock"
CONTAINERD_SOCKET = RUN / "containerd.sock"


def cache(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of all that is kept: XDG_CACHE_HOME/troubleshooter, by default below ~/.cache."""
    home = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "troubleshooter"


@dataclass(frozen=True)
class State:
    """The folders of one running cluster; removed when it ends, but for the logs."""

    root: Path
    logs: Path

    @property
    def ready(self) -> Path:
        """Made by the node when it is Ready."""
        return self.root / "ready"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def volumes(self) -> Path:
        return self.root / "volumes"

    @property
    def kubectl(self) -> Path:
        return self.root / "bin" / "kubectl"

    def kubeconfig(self, user: str) -> Path:
        return self.root / "kubeconfig" / user


def content_of(paths: Iterable[Path], base: Path, *words: str) -> str:
    """Twelve hexadecimal digits that change with any byte, name or mode of the files, or with the words.

    A folder stands for every file below it; what Python writes beside its sources does not count.
    """
    digest = hashlib.sha256("\0".join(words).encode())
    for path in sorted(_files(paths)):
        name = path.relative_to(base)
        executable = bool(path.stat().st_mode & 0o100)
        digest.update(f"{name}\0{executable}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (
                file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts
            )
        else:
            yield path
