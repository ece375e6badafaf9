"""The plugin as people have it: the wheel, installed into a fresh virtual environment."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness import CHECKOUT

BUILD_SECONDS = 60
INSTALL_SECONDS = 300
EXTRA = "cli"


@dataclass(frozen=True)
class Installed:
    """A virtual environment; `bin` is what its people put on their PATH."""

    bin: Path

    def environment(self, kubectl: Path, kubeconfig: Path | None = None, **more: str) -> dict[str, str]:
        """Of a person who has this plugin, and such a kubectl; nothing of the tests' own environment."""
        ours = str(Path(sys.executable).parent)
        rest = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != ours]
        path = os.pathsep.join([str(self.bin), str(kubectl.parent), *rest])
        config = {"KUBECONFIG": str(kubeconfig)} if kubeconfig else {}
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TERM")}
        return kept | {"PATH": path} | config | more


def build_wheel(folder: Path) -> Path:
    """What `make wheel` builds, in another folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, timeout=BUILD_SECONDS)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(folder: Path, wheel: Path, extra: str = EXTRA) -> Installed:
    """A new virtual environment with the wheel and its extra, in the versions of the extra's lock file."""
    home = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, timeout=BUILD_SECONDS)
    command = [
        str(home / "bin" / "pip"),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        f"{wheel}[{extra}]",
    ]
    environment = {**os.environ, **locked(folder, extra)}
    subprocess.run(command, check=True, env=environment, timeout=INSTALL_SECONDS)
    return Installed(home / "bin")


def locked(folder: Path, extra: str = EXTRA) -> dict[str, str]:
    """The environment in which pip takes the versions of the lock file, whatever it is asked to install.

    Without hashes: with one of them, pip wants the wheel's own too.
    """
    text = (CHECKOUT / "requirements" / f"{extra}.lock").read_text()
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(re.findall(r"^[\w.-]+==[^\s;]+", text, re.MULTILINE)) + "\n")
    return {"PIP_CONSTRAINT": str(constraints)}
