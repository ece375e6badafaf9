"""What `start` asks for: every field of the spec by an option, and a name after the person."""

from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from troubleshooter_cli import orders
from troubleshooter_cli.commands import start
from troubleshooter_cli.errors import UsageError

ROOT = Path(__file__).parents[2]
OPTIONS = [
    "--pod-name=shop-tools", "--class=open", "--image=example.org/tools:1", "--ttl=45m", "--idle=10m",
    "--claim=kept", "--storage-class=fast", "--size=500Mi", "--log", "--root", "--run-as-user=0",
    "--temporary-namespace", "--ssh-secret=keys", "--service-account=reader", "--node=node-7",
    "--node-selector=example.com/zone=a", "--toleration=example.com/gpu=yes:NoSchedule",
    "--toleration=example.com/maintenance", "--label=example.com/team=checkout", "--access-user=bob",
    "--access-user=carol", "--access-group=sre", "--purpose=checkout answers 502", "--stopped",
]  # fmt: skip
SPEC: dict[str, Any] = {
    "name": "shop-tools",
    "troubleshooterClassName": "open",
    "image": "example.org/tools:1",
    "timeToLive": "45m",
    "idleTimeout": "10m",
    "state": "Stopped",
    "saveToDisk": {"claimName": "kept", "storageClassName": "fast", "size": "500Mi"},
    "logToStdout": True,
    "runAsNonRoot": False,
    "runAsUser": 0,
    "temporaryNamespace": True,
    "ssh": {"secretName": "keys"},
    "serviceAccountName": "reader",
    "nodeSelector": {"example.com/zone": "a", "kubernetes.io/hostname": "node-7"},
    "tolerations": [
        {"key": "example.com/gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
        {"key": "example.com/maintenance", "operator": "Exists"},
    ],
    "podLabels": {"example.com/team": "checkout"},
    "access": {"users": ["bob", "carol"], "groups": ["sre"]},
    "purpose": "checkout answers 502",
}


def spec(*words: str) -> dict[str, Any]:
    with start.command.make_context("start", list(words), parent=click.Context(start.command)) as context:
        return orders.spec_of(context.params)


def test_each_option_becomes_its_field() -> None:
    assert spec(*OPTIONS) == SPEC


def test_every_field_of_the_spec_has_an_option() -> None:
    """But `run`, which `again` counts on."""
    crd = yaml.safe_load((ROOT / "crd" / "troubleshooters.yaml").read_text())
    fields = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert set(fields) - {"run"} == set(SPEC)
    assert set(fields["saveToDisk"]["properties"]) == {*SPEC["saveToDisk"], "enabled"}


def test_nothing_asked_for_leaves_everything_to_the_class() -> None:
    assert spec() == {}


def test_without_saving_nothing_is_said_of_a_claim() -> None:
    assert spec("--no-save", "--claim=kept") == {"saveToDisk": {"enabled": False}}


@pytest.mark.parametrize(
    ("user", "taken", "name"),
    [
        ("alice", set(), "alice-1"),
        ("alice", {"alice-1", "alice-2", "web"}, "alice-3"),
        ("Alice.Liddell@example.org", set(), "alice-liddell-1"),
        ("system:serviceaccount:shop:robot", set(), "robot-1"),
        ("???", set(), "toolbox-1"),
        ("x" * 80, set(), "x" * 40 + "-1"),
    ],
)
def test_a_name_is_made_after_the_person(user: str, taken: set[str], name: str) -> None:
    assert orders.name_for(user, taken) == name


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--label=team"], "'team' is no label"),
        (["--node-selector==a"], "'=a' is no label"),
        (["--toleration=:NoSchedule"], "':NoSchedule' is no toleration"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_form(words: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as raised:
        spec(*words)
    assert raised.value.remedy.startswith("write it as KEY")
