"""docs/tutorial.md as a newcomer does it: each command in its order, in a real terminal, on the real cluster.

The administrator's part is done as the administrator, the rest as alice, who may edit one namespace, in a
fresh home with a fresh virtual environment. The page itself says what is on the screen after each command;
where it leaves that open, it stands here.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import harness
import pytest
from console import Ids, Scene, own_shell, play, scenes
from harness import CHECKOUT
from installed import locked
from kubectl import Kubectl
from stage import delete_namespace

TUTORIAL = CHECKOUT / "docs" / "tutorial.md"
NAMESPACE = "shop"
ADMINISTRATOR = "The administrator:"
PIP = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # it would say that there is a newer pip


@dataclass
class Newcomers:
    """Both of them, in one checkout; `screens` has what was shown last after each command."""

    checkout: Path
    admin: dict[str, str]
    alice: dict[str, str]
    ids: Ids = field(default_factory=Ids)
    screens: dict[str, str] = field(default_factory=dict)

    def play(self, parts: list[Scene], environment: dict[str, str]) -> None:
        with own_shell(environment, self.checkout) as terminal:
            for scene in parts:
                self.screens |= play(terminal, scene.steps, self.ids)


@pytest.fixture(scope="module")
def newcomers(
    cluster: harness.Cluster, admin: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Newcomers]:
    home = tmp_path_factory.mktemp("home")
    checkout = copied(tmp_path_factory.mktemp("checkout"))
    alice = home / "kubeconfig"
    shutil.copy(harness.call("user", "alice").strip(), alice)
    yield Newcomers(
        checkout,
        admin=environment(cluster.kubectl, cluster.kubeconfig, home),
        alice=environment(cluster.kubectl, alice, home) | PIP | locked(home),
    )
    delete_namespace(admin, NAMESPACE)


def environment(kubectl: Path, kubeconfig: Path, home: Path) -> dict[str, str]:
    """Of a person with Python and kubectl, who knows nothing of our virtual environment."""
    ours = str(Path(sys.executable).parent)
    rest = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != ours]
    python = str(Path(sys.base_prefix) / "bin")
    return {
        "HOME": str(home),
        "KUBECONFIG": str(kubeconfig),
        "LANG": "C.UTF-8",
        "PATH": os.pathsep.join([str(kubectl.parent), python, *rest]),
        "TERM": "xterm",
        "USER": "alice",
    }


def copied(folder: Path) -> Path:
    """The files that git has or would take, so that nothing is left in this checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (CHECKOUT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, folder / name)
    return folder


def test_the_tutorial_does_what_it_says(newcomers: Newcomers) -> None:
    page = scenes(TUTORIAL.read_text())
    administrators = [scene for scene in page if scene.heading.startswith(ADMINISTRATOR)]
    newcomers.play(administrators, newcomers.admin)
    newcomers.play([scene for scene in page if scene not in administrators], newcomers.alice)
    missed = {typed: newcomers.screens.get(typed) for typed in SHOWN if not shows(newcomers.screens, typed)}
    assert missed == {}


# Where the page leaves it open.
SHOWN = {
    "kubectl troubleshoot doctor": r"ok +rights: alice has all",
    "kubectl troubleshoot play web/last --speed 5": r"dig .*\n10\.96\.0\.1\n.*\nok\n.* exit",
}


def shows(screens: dict[str, str], typed: str) -> bool:
    return re.search(SHOWN[typed], screens.get(typed, "")) is not None
