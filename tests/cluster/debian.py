"""Debian packages that the harness needs: finds those that are missing and installs them, saying so first."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from progress import HarnessError, output, run, say, step

VENV = ("python3-venv",)
TESTS = ("less", "procps", "tmux")  # real programs that the agent's tests record, and signals by name
SHELLS = ("bash-completion", "fish", "zsh")  # which complete the plugin's command lines
SHIPPER = ("rsyslog",)  # reads a container's log as nodes have it read
BENCH = ("ttyrec", "bsdutils")  # recorders beside ours
PROMETHEUS = "prometheus"  # for promtool; unpacked, never installed: its package would start a server
REGISTRY = "docker-registry"  # unpacked too: its package would start a server
C = ("gcc", "libc6-dev")  # a clock that is wrong for one program
IMAGES = ("buildah", "ca-certificates", "mmdebstrap")
CLUSTER = (
    *IMAGES,
    *("conntrack", "containerd", "containernetworking-plugins", "iproute2", "iptables", "openssl", "runc"),
)


def missing(packages: Sequence[str], status: str) -> list[str]:
    """Those that dpkg's list, lines of NAME and STATUS, does not show as installed."""
    lines = (line.split() for line in status.splitlines())
    installed = {words[0] for words in lines if words[1:] == ["installed"]}
    return [package for package in packages if package not in installed]


def missing_here(packages: Sequence[str]) -> list[str]:
    """Those that this host lacks."""
    if not shutil.which("dpkg-query"):
        raise HarnessError("This host is no Debian (it has no dpkg-query): the test cluster needs Debian 12.")
    form = "${Package} ${db:Status-Status}\\n"
    return missing(packages, output(["dpkg-query", "--show", f"--showformat={form}"]))


def install(packages: Sequence[str], log: Path) -> None:
    """Install what is missing; nothing is asked of apt when nothing is."""
    needed = missing_here(packages)
    if not needed:
        return
    if os.geteuid() != 0:
        raise HarnessError(f"Debian packages are missing: run `apt-get install {' '.join(needed)}` as root.")
    say(f"Debian packages that are missing here and will be installed: {' '.join(needed)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step("apt-get update", log):
        run(["apt-get", "update", "--quiet"], log, env=env)
    with step("apt-get install", log):
        run(["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *needed], log, env=env)


def unpacked(package: str, folder: Path, log: Path) -> Path:
    """The folder with a package's files, downloaded if it is not there; nothing is installed or started."""
    if folder.exists():
        return folder
    if not shutil.which("apt-get"):
        raise HarnessError(f"This host is no Debian (it has no apt-get): {package} cannot be downloaded.")
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh, step(f"Debian package {package}", log):
        if os.geteuid() == 0:
            run(["apt-get", "update", "--quiet"], log)
        run(["apt-get", "download", package], log, cwd=Path(fresh))
        (archive,) = Path(fresh).glob("*.deb")
        run(["dpkg", "--extract", str(archive), f"{fresh}/files"], log)
        Path(fresh, "files").rename(folder)
    return folder
