"""Which images a class allows, and how the spec stands over the class."""

import pytest
from resource_objects import offer, troubleshooter

from troubleshooter_operator.resolve import find_class, is_allowed, resolve
from troubleshooter_operator.resources import troubleshooter as parse


@pytest.mark.parametrize(
    ("image", "entry", "allowed"),
    [
        ("registry.example/team/tool:1", "registry.example/team/tool:1", True),
        ("registry.example/team/tool:2", "registry.example/team/tool:1", False),
        ("registry.example/team/tool:1", "registry.example/team/*", True),
        ("registry.example/team/deep/tool:1", "registry.example/team/*", True),
        ("registry.example/team/", "registry.example/team/*", False),
        ("registry.example/teamster/tool:1", "registry.example/team/*", False),
        ("registry.example/tool:1.0", "registry.example/tool:*", True),
        ("registry.example/tool", "registry.example/tool:*", False),
        ("registry.example/toolbox:1", "registry.example/tool:*", False),
        ("registry.example:5000/evil:1", "registry.example:*", False),
        ("registry.example/tool@sha256:00", "registry.example/tool:*", False),
        ("registry.example/tool:1@sha256:00", "registry.example/tool:*", True),
        ("docker.io/library/debian:12", "debian:12", False),
    ],
)
def test_an_image_is_allowed_by_reference_or_prefix_letter_by_letter(
    image: str, entry: str, *, allowed: bool
) -> None:
    assert is_allowed(image, [entry]) == allowed


def test_the_spec_stands_over_the_class() -> None:
    asked = {
        "image": "registry.example/team/other:1",
        "timeToLive": "45m",
        "idleTimeout": "10m",
        "runAsUser": 4242,
        "saveToDisk": {"claimName": "mine", "storageClassName": "fast", "size": "2Gi"},
    }
    found = resolve(parse(troubleshooter(asked)), find_class(None, [offer()]))
    assert found.to_status() == {
        "className": "default",
        "image": "registry.example/team/other:1",
        "timeToLive": "45m",
        "idleTimeout": "10m",
        "claimName": "mine",
        "storageClassName": "fast",
        "size": "2Gi",
        "runAsUser": 4242,
        "maxTimeToLive": "2h",
        "saveToDisk": True,
        "logToStdout": False,
        "runAsNonRoot": True,
        "requireRetain": True,
        "temporaryNamespace": False,
    }


def test_what_the_spec_leaves_out_comes_from_the_class() -> None:
    offered = offer({"storage": {"storageClassName": "slow", "size": "3Gi", "maxSize": "3Gi"}})
    offered["spec"]["security"] = {"runAsUser": 2000, "fsGroup": None}
    found = resolve(parse(troubleshooter()), find_class(None, [offered]))
    assert found.to_status() == {
        "className": "default",
        "image": "registry.example/toolbox:1",
        "timeToLive": "1h",
        "idleTimeout": "15m",
        "claimName": "web-recordings",
        "storageClassName": "slow",
        "size": "3Gi",
        "runAsUser": 2000,
        "maxTimeToLive": "2h",
        "saveToDisk": True,
        "logToStdout": False,
        "runAsNonRoot": True,
        "requireRetain": True,
        "temporaryNamespace": False,
    }
