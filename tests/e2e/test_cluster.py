"""The harness itself on the real cluster: what every other test takes for granted."""

from collections.abc import Callable
from pathlib import Path

import harness
import pytest
from kubectl import Kubectl, wait_until
from terminal import Terminal

pytestmark = pytest.mark.own_node

PLAIN_POD = (Path(__file__).parent / "pod.yaml").read_text()


def test_a_restricted_pod_with_a_volume_starts_and_finds_the_api_server_by_name(
    editor: Kubectl, namespace: str
) -> None:
    """Scheduling, volumes, images, CNI, proxy and DNS work together."""
    editor.apply(PLAIN_POD)
    editor.wait_condition("pod", "plain", "Ready", timeout=60)
    assert editor.run("exec", "plain", "--", "getent", "hosts", "kubernetes.default").stdout.split() == [
        "10.96.0.1",
        "kubernetes.default.svc.cluster.local",
    ]
    editor.run("exec", "plain", "--", "touch", "/volume/file")


def test_a_terminal_has_its_size_its_resizes_and_the_exit_status(editor: Kubectl) -> None:
    """What the product's tests look at is not lost on the way through kubectl, API server and runtime."""
    editor.apply(PLAIN_POD)
    editor.wait_condition("pod", "plain", "Ready", timeout=60)
    with Terminal(editor.command("exec", "-it", "plain", "--", "sh"), cols=100, rows=30) as terminal:
        terminal.expect("$ ")
        terminal.sendline("stty size")
        terminal.expect("30 100\r\n")
        terminal.resize(120, 40)
        wait_until(lambda: shows_size(terminal, "40 120"), timeout=10, what="the new size")
        terminal.sendline("exit 7")
        assert terminal.wait() == 7
    assert b"30 100\r\n" in terminal.shown


def shows_size(terminal: Terminal, size: str) -> bool:
    terminal.sendline("stty size")
    terminal.expect("stty size\r\n")
    return terminal.expect("\r\n") == size


def test_a_killed_terminal_is_seen_as_killed(editor: Kubectl) -> None:
    """A program that a signal ended has no exit status but the signal's number."""
    with Terminal(editor.command("get", "pods", "--watch")) as terminal:
        terminal.kill()
        assert terminal.wait() == -9


def test_an_editor_can_do_nothing_elsewhere(editor: Kubectl, person: Callable[[str], Kubectl]) -> None:
    """The user's rights are a user's, and the second user is another one."""
    assert editor.attempt("get", "pods", "--namespace=default").returncode == 1
    assert "alice" in editor.run("auth", "whoami").stdout
    assert "bob" in person("bob").run("auth", "whoami").stdout


def test_pod_security_is_enforced(editor: Kubectl) -> None:
    """A pod that asks for more than `restricted` is refused."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "root"}}
    container = {"name": "root", "image": "docker.io/library/debian:trixie-slim"}
    assert 'violates PodSecurity "restricted' in editor.refuse({**pod, "spec": {"containers": [container]}})


def test_a_watch_sees_what_happens_in_order(admin: Kubectl, namespace: str) -> None:
    """Events come as the API server ordered them, deletions too."""
    inside = admin.in_namespace(namespace)
    with inside.watch("configmaps", "--field-selector=metadata.name=seen") as watch:
        inside.run("create", "configmap", "seen", "--from-literal=step=1")
        inside.run("patch", "configmap", "seen", '--patch={"data": {"step": "2"}}')
        inside.run("delete", "configmap", "seen")
        wait_until(lambda: "DELETED" in dict(watch.events()), timeout=10, what="the deletion")
        assert [(kind, found["data"]["step"]) for kind, found in watch.events()] == [
            ("ADDED", "1"),
            ("MODIFIED", "2"),
            ("DELETED", "2"),
        ]


def test_a_second_start_joins_the_live_cluster(cluster: harness.Cluster) -> None:
    """`cluster-up` on a host with a cluster of the same content gives that one."""
    lines = harness.call("up").splitlines()
    assert lines[0] == f"export KUBECONFIG={cluster.kubeconfig}"
    assert harness.status() == cluster
