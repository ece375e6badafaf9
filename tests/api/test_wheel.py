"""The wheel, installed where nothing else is, is found by a real kubectl as its plugin."""

import subprocess
import zipfile
from pathlib import Path

import pytest
from control_plane import ControlPlane
from installed import Installed, build_wheel, install

RUN_SECONDS = 60
SCRIPTS = {
    "troubleshooter-agent",
    "troubleshooter-operator",
    "kubectl-troubleshoot",
    "kubectl_complete-troubleshoot",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("plugin"), wheel)


def kubectl(plane: ControlPlane, installed: Installed, *words: str) -> "subprocess.CompletedProcess[str]":
    """`kubectl WORDS`, by its name, as alice, with the plugin on the PATH."""
    environment = installed.environment(plane.programs["kubectl"], plane.kubeconfig("alice"))
    return subprocess.run(
        ["kubectl", *words],
        env=environment, capture_output=True, text=True, timeout=RUN_SECONDS, check=False,
    )  # fmt: skip


def test_the_wheel_holds_the_packages_and_nothing_of_the_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
    top = {name.partition("/")[0] for name in names}
    assert top == {
        "troubleshooter_agent", "troubleshooter_cli", "troubleshooter_operator",
        "troubleshooter-0.1.0.dist-info",
    }  # fmt: skip
    assert "troubleshooter-0.1.0.dist-info/licenses/LICENSE" in names
    assert wheel.name == "troubleshooter-0.1.0-py3-none-any.whl"


def test_it_brings_its_programs(installed: Installed) -> None:
    assert {path.name for path in installed.bin.iterdir()} >= SCRIPTS


def test_kubectl_finds_the_plugin(plane: ControlPlane, installed: Installed) -> None:
    """And it calls itself as people call it."""
    listed = kubectl(plane, installed, "plugin", "list", "--name-only")
    assert "kubectl-troubleshoot" in listed.stdout.splitlines()
    told = kubectl(plane, installed, "troubleshoot", "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("Usage: kubectl troubleshoot [OPTIONS] [COMMAND] [ARGS]...\n")


def test_it_tells_its_version(plane: ControlPlane, installed: Installed) -> None:
    told = kubectl(plane, installed, "troubleshoot", "--version")
    assert (told.returncode, told.stdout) == (0, "0.1.0\n")


def test_a_mistake_is_one_sentence_and_a_remedy(plane: ControlPlane, installed: Installed) -> None:
    """Through kubectl, too, the status is the plugin's."""
    told = kubectl(plane, installed, "troubleshoot", "strat")
    assert (told.returncode, told.stdout) == (2, "")
    assert "kubectl troubleshoot --help" in told.stderr
