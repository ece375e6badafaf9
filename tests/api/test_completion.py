"""TAB in bash, zsh and fish, at a real terminal: what is completed there is then run.

Each way of calling the plugin is completed by the script that it prints: `kubectl-troubleshoot` by click, and
`kubectl troubleshoot` by kubectl, which asks the plugin.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import crds
import debian
import places
import pytest
from control_plane import ControlPlane, running_control_plane
from installed import Installed
from stage import troubleshooter
from terminal import Terminal

PROMPT = "ready> "
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
CHECKOUTS = Installed(Path(sys.executable).parent)  # the wheel is another test's affair
WAYS = ("kubectl troubleshoot", "kubectl-troubleshoot")


STATUS = {
    "conditions": [
        {
            "type": "Ready", "status": "True", "reason": "ShellAvailable", "message": "",
            "lastTransitionTime": "2026-11-25T12:00:00Z",
        }
    ],
    "sessions": [{"id": "3f9k2m1x", "user": "bob", "startedAt": "2026-11-25T12:00:00Z"}],
}  # fmt: skip


@dataclass(frozen=True)
class Shell:
    """How a shell is started without anybody's own settings, and what stands in its start-up file."""

    command: tuple[str, ...]
    startup: tuple[str, ...]


SHELLS = {
    "bash": Shell(
        ("bash", "--noprofile", "--norc"),
        (
            f"PS1='{PROMPT}'",
            f"source {BASH_COMPLETION}",
            "source <(kubectl troubleshoot completion bash)",
        ),
    ),
    "zsh": Shell(
        ("zsh", "-f"),
        (
            f"PS1='{PROMPT}'",
            "unsetopt prompt_sp",
            "autoload -U compinit && compinit -u -D",
            "source <(kubectl troubleshoot completion zsh)",
        ),
    ),
    "fish": Shell(
        ("fish", "--no-config"),
        (
            f"function fish_prompt; printf '{PROMPT}'; end",
            "kubectl troubleshoot completion fish | source",
        ),
    ),
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    debian.install(debian.SHELLS, places.cache() / "logs" / "apt.log")
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        crds.install(running.admin)
        running.admin.run("create", "namespace", "checkout-team")
        team = running.admin.in_namespace("checkout-team")
        team.apply(troubleshooter("payments-down", {"purpose": "502"}))
        status = json.dumps({"status": STATUS})
        team.run(
            "patch", "troubleshooter", "payments-down", "--subresource=status", "--type=merge", f"-p={status}"
        )
        yield running


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def terminal(plane: ControlPlane, shell: str, tmp_path: Path) -> Iterator[Terminal]:
    """The shell, ready for a command line."""
    kubectl, config = plane.programs["kubectl"], plane.state.kubeconfig("admin")
    environment = CHECKOUTS.environment(kubectl, config, HOME=str(tmp_path), TERM="xterm")
    with Terminal(SHELLS[shell].command, cols=200, env=environment) as opened:
        for line in SHELLS[shell].startup:
            opened.sendline(line)
        opened.sendline("echo now; echo it is; echo complete")
        opened.expect("it is\r\ncomplete\r\n")
        opened.expect(PROMPT)
        yield opened


@pytest.mark.parametrize("way", WAYS)
def test_a_command_is_completed(terminal: Terminal, shell: str, way: str) -> None:
    """What it prints nobody has typed."""
    terminal.send(f"{way} compl\t{shell}\r")
    terminal.expect("_KUBECTL_TROUBLESHOOT_COMPLETE")


@pytest.mark.parametrize("way", WAYS)
def test_names_in_the_cluster_are_completed(terminal: Terminal, way: str) -> None:
    """A namespace, and a toolbox in the one that the line names; their ends nobody has typed."""
    terminal.send(f"{way} sessions -n check\t")
    terminal.expect("out-team")
    terminal.send("pay\t")
    terminal.expect("ments-down")


def test_a_recording_is_offered_by_all_that_it_is_called(plane: ControlPlane) -> None:
    """With what kubectl shows beside each."""
    config = f"--kubeconfig={plane.state.kubeconfig('admin')}"
    program = str(CHECKOUTS.bin / "kubectl_complete-troubleshoot")
    words = [program, "play", config, "--namespace=checkout-team", ""]
    offered = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (offered.stdout.splitlines(), offered.stderr) == (
        [
            "3f9k2m1x\tpayments-down, bob, 2026-11-25T12:00:00Z",
            "payments-down\tShellAvailable",
            "payments-down/last\tits latest session",
            ":4",
        ],
        "",
    )
