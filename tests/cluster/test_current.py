"""CLUSTER=current: nothing but that word, a registry besides, and other people only by impersonation."""

import json
from pathlib import Path

import current
import pytest
from progress import HarnessError

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: work
contexts:
- {name: work, context: {cluster: work, user: me}}
- {name: other, context: {cluster: other, user: other}}
clusters:
- {name: work, cluster: {server: "https://192.0.2.1:6443"}}
- {name: other, cluster: {server: "https://192.0.2.2:6443"}}
users:
- {name: me, user: {token: mine}}
- {name: other, user: {token: others}}
"""
# Answers as kubectl does: the view of that file, and ok, or what one says that reaches nobody.
KUBECTL = """\
#!/bin/sh
case "$1" in
config) echo '{"current-context": "work", "clusters": [{"name": "work", "cluster": {"server": "https://192.0.2.1:6443"}}],
    "users": [{"name": "me", "user": {"token": "mine"}}]}' ;;
*) if [ -n "$SILENT" ]; then echo "Unable to connect to the server" >&2; exit 1; else echo ok; fi ;;
esac
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "CLUSTER": "current"}


@pytest.mark.parametrize(("value", "asked"), [("", False), ("current", True)])
def test_only_that_word_asks_for_it(value: str, asked: bool) -> None:  # noqa: FBT001 - a column of the table
    assert current.is_asked_for({"CLUSTER": value}) is asked


def test_a_kubeconfig_alone_does_not() -> None:
    assert not current.is_asked_for({"KUBECONFIG": "/home/me/.kube/config"})


def test_another_word_is_refused() -> None:
    with pytest.raises(HarnessError, match=r"CLUSTER takes current, .* Got kind"):
        current.is_asked_for({"CLUSTER": "kind"})


@pytest.mark.parametrize(
    ("text", "address", "plain"),
    [
        ("registry.example.org/team", "registry.example.org/team", False),
        ("https://registry.example.org", "registry.example.org", False),
        ("http://10.0.0.5:5000", "10.0.0.5:5000", True),
    ],
)
def test_the_registry_is_without_tls_only_where_it_says_http(text: str, address: str, plain: bool) -> None:  # noqa: FBT001 - a column of the table
    assert current.registry({"IMAGE_REGISTRY": text}) == current.Registry(address, plain)


@pytest.mark.parametrize(
    ("environ", "end"), [({}, "; it is not set"), ({"IMAGE_REGISTRY": "ftp://x y"}, "; got ftp://x y")]
)
def test_without_a_registry_nothing_begins(environ: dict[str, str], end: str) -> None:
    with pytest.raises(HarnessError, match="CLUSTER=current needs IMAGE_REGISTRY") as refused:
        current.registry(environ)
    assert str(refused.value).endswith(end)


def test_it_says_which_cluster_that_is(environ: dict[str, str]) -> None:
    assert current.find(environ).description == "context work at https://192.0.2.1:6443"


def test_a_cluster_that_does_not_answer_is_no_cluster(environ: dict[str, str]) -> None:
    with pytest.raises(HarnessError, match="kubectl get says: Unable to connect to the server"):
        current.find(environ | {"SILENT": "1"})


def test_other_people_are_impersonated(environ: dict[str, str], tmp_path: Path) -> None:
    """By whoever the kubeconfig is for; nobody else may read the file."""
    path = current.find(environ).write(tmp_path / "configs", "user-alice", "alice", ["on-call"])
    assert path.stat().st_mode & 0o777 == 0o600
    (user,) = json.loads(path.read_text())["users"]
    assert user["user"] == {"token": "mine", "as": "alice", "as-groups": ["on-call"]}
