"""How kubectl is called, and what its failures mean. Its place is taken by programs that print and exit."""

import stat
from pathlib import Path

import pytest

from troubleshooter_cli.errors import (
    BrokenError,
    ForbiddenError,
    NotFoundError,
    TroubleshootError,
    UnreachableError,
)
from troubleshooter_cli.kubectl import Answer, Kubectl, Pod, meaning, reading, shell

POD = Pod("shop", "web")


def script(folder: Path, body: str) -> Kubectl:
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return Kubectl(program=str(program))


def test_a_shell_has_a_terminal_and_the_true_name() -> None:
    assert Kubectl().in_pod(POD, shell("alice"), terminal=True) == [
        "kubectl", "exec", "--namespace=shop", "--container=toolbox", "--stdin", "--tty", "web", "--",
        "shell", "--user=alice",
    ]  # fmt: skip


def test_a_reading_has_neither_terminal_nor_keys() -> None:
    assert Kubectl().in_pod(POD, reading("alice", "list", "--json")) == [
        "kubectl", "exec", "--namespace=shop", "--container=toolbox", "web", "--",
        "shell", "--user=alice", "--", "troubleshooter-agent", "list", "--json",
    ]  # fmt: skip


def test_kubectl_acts_where_the_flags_say() -> None:
    words = Kubectl(context="prod", kubeconfig="/home/alice/k").words("version")
    assert words == ["kubectl", "--context=prod", "--kubeconfig=/home/alice/k", "version"]


@pytest.mark.parametrize(
    ("body", "status"), [("exit 0", 0), ("exit 7", 7), ("exit 124", 124), ("kill -TERM $$", 143)]
)
def test_the_exit_status_of_what_had_the_terminal_comes_through(
    tmp_path: Path, body: str, status: int
) -> None:
    kubectl = script(tmp_path, body)
    assert kubectl.foreground(kubectl.words()) == status


def test_ctrl_c_is_for_kubectl_alone(tmp_path: Path) -> None:
    """The plugin has to say what was recorded, also after a Ctrl-C; kubectl must hear of it."""
    kubectl = script(tmp_path, "trap 'exit 5' INT; kill -INT $PPID; kill -INT $$; sleep 10")
    assert kubectl.foreground(kubectl.words()) == 5


def test_a_stream_gives_bytes_status_and_what_was_said(tmp_path: Path) -> None:
    kubectl = script(tmp_path, "printf '\\377\\000end'; echo oh >&2; exit 3")
    with kubectl.stream(kubectl.words()) as answer:
        assert answer.stdout.read() == b"\xff\x00end"
    assert (answer.status, answer.stderr) == (3, "oh\n")


def test_much_on_stderr_does_not_stop_a_stream(tmp_path: Path) -> None:
    kubectl = script(tmp_path, "head -c 300000 /dev/zero | tr '\\0' x >&2; echo done")
    assert kubectl.capture(kubectl.words()) == b"done\n"


def test_a_stream_that_is_left_ends_its_kubectl(tmp_path: Path) -> None:
    kubectl = script(tmp_path, "while :; do echo more; done")
    with kubectl.stream(kubectl.words()) as answer:
        assert answer.stdout.readline() == b"more\n"
    assert answer.status != 0


def test_without_kubectl_the_remedy_is_to_install_it(tmp_path: Path) -> None:
    kubectl = Kubectl(program=str(tmp_path / "kubectl"))
    with pytest.raises(UnreachableError, match="kubectl is not on the PATH") as raised:
        kubectl.capture(kubectl.words())
    assert raised.value.remedy.startswith("install kubectl")


@pytest.mark.parametrize(
    ("said", "error", "sentence"),
    [
        (
            'Error from server (Forbidden): pods "web" is forbidden: toolbox web is for alice\n',
            ForbiddenError,
            'Error from server (Forbidden): pods "web" is forbidden: toolbox web is for alice',
        ),
        (
            'Error from server (NotFound): pods "web" not found\n',
            NotFoundError,
            'Error from server (NotFound): pods "web" not found',
        ),
        (
            "Unable to connect to the server: dial tcp 192.0.2.1:443: i/o timeout\n",
            UnreachableError,
            "Unable to connect to the server: dial tcp 192.0.2.1:443: i/o timeout",
        ),
        (
            "no recording abcdefgh\ncommand terminated with exit code 1\n",
            BrokenError,
            "no recording abcdefgh",
        ),
        ("", BrokenError, "kubectl ended with status 1"),
    ],
)  # fmt: skip
def test_a_failure_means_one_of_our_errors(said: str, error: type[TroubleshootError], sentence: str) -> None:
    with Path("/dev/null").open("rb") as nothing:
        found = meaning(Answer(nothing, 1, said))
    assert (type(found), found.sentence) == (error, sentence)
