"""Rules of the kinds that organizations have in Gatekeeper let operator and toolboxes pass; gator asks them.

The rules are in gatekeeper/; the toolbox is one that the operator made, as the API server has it.
"""

import copy
import json
from pathlib import Path
from typing import Any

import crds
import naming
import pytest
from control_plane import ControlPlane
from gator import Gator, constraint, gator
from harness import CHECKOUT
from helm import objects
from operator_process import running_operator
from played_node import PlayedNode
from stage import troubleshooter

IMAGES = naming.Names("registry.example.org/troubleshooter", "1.0")
POD, DEPLOYMENT = ("", "Pod"), ("apps", "Deployment")
BOTH = (POD, DEPLOYMENT)
OURS = ["app.kubernetes.io/name", "app.kubernetes.io/component"]
RANGE = {"min": 10000, "max": 65535}
CONSTRAINTS = (
    constraint("WantedLabels", "labels", BOTH, labels=OURS),
    constraint("WantedLabels", "cost-centre", [POD], labels=["example.com/cost-centre"]),
    constraint("WantedProbes", "probes", BOTH, probes=["readinessProbe", "livenessProbe"]),
    constraint("WantedResources", "resources", BOTH, resources=["cpu", "memory", "ephemeral-storage"]),
    constraint("WantedUsers", "users", BOTH, fields=["runAsUser", "runAsGroup"], **RANGE),
    constraint("WantedUsers", "volumes", [POD], fields=["fsGroup"], **RANGE),
    constraint("WantedRepositories", "repositories", BOTH, prefixes=[f"{IMAGES.prefix}/"]),
    constraint("WantedHardening", "hardening", BOTH),
    constraint("WantedTokens", "tokens", [POD]),
)
# What of it a class has to say, as docs/how-to/gatekeeper.md tells: the labels, and who the pod runs as.
CLASS = {
    "spec": {
        "security": {"runAsUser": 10001, "runAsGroup": 10001},
        "pod": {"labels": {"example.com/cost-centre": "4711"}},
    }
}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Gator:
    return gator(Path(__file__).parent / "gatekeeper", tmp_path_factory.mktemp("gator"))


@pytest.fixture(scope="module")
def rendered(plane: ControlPlane) -> str:
    """deploy/base with images of the organization's own registry, as `make deploy IMG=` has it."""
    return IMAGES.put_into(plane.admin.run("kustomize", str(CHECKOUT / "deploy" / "base")).stdout)


@pytest.fixture(scope="module")
def toolboxes(
    plane: ControlPlane, rendered: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Pods of the class as it comes and of the class with the organization's settings."""
    admin = plane.admin
    crds.install(admin)
    admin.in_namespace("troubleshooter-system").apply(rendered)
    there = PlayedNode(admin.in_namespace("team"))
    there.prepare({"pod-security.kubernetes.io/enforce": "restricted"})
    made = {}
    with running_operator(plane, tmp_path_factory.mktemp("operator") / "operator.log"):
        for name, patch in (("plain", {}), ("settled", CLASS)):
            admin.run(
                "patch", "troubleshooterclass", "default", "--type=merge", f"--patch={json.dumps(patch)}"
            )
            there.admin.apply(troubleshooter(name, {}))
            made[name] = there.admin.wait_for("pod", name, lambda _: True, timeout=20)
    return made


def test_everything_that_is_installed_passes(rules: Gator, rendered: str) -> None:
    found = objects(rendered)
    assert "Deployment" in {each["kind"] for each in found}
    assert rules.violations(found, CONSTRAINTS) == []


def test_a_toolbox_passes_with_what_the_class_says(
    rules: Gator, toolboxes: dict[str, dict[str, Any]]
) -> None:
    assert rules.violations([toolboxes["settled"]], CONSTRAINTS) == []


def test_without_it_just_the_organizations_own_rules_are_broken(
    rules: Gator, toolboxes: dict[str, dict[str, Any]]
) -> None:
    assert rules.violations([toolboxes["plain"]], CONSTRAINTS) == [
        "cost-centre: Pod plain: label example.com/cost-centre is missing",
        "users: Pod plain: runAsGroup is not from 10000 to 65535",
        "users: Pod plain: runAsUser is not from 10000 to 65535",
    ]


@pytest.mark.parametrize(
    ("path", "value", "violations"),
    [
        (
            ("metadata", "labels"),
            {"example.com/cost-centre": "4711"},
            [
                "labels: label app.kubernetes.io/component is missing",
                "labels: label app.kubernetes.io/name is missing",
            ],
        ),
        (
            ("spec", "containers", 0, "livenessProbe"),
            None,
            ["probes: container toolbox has no livenessProbe"],
        ),
        (
            ("spec", "containers", 0, "resources", "limits", "ephemeral-storage"),
            None,
            ["resources: container toolbox has no limits of ephemeral-storage"],
        ),
        (
            ("spec", "containers", 0, "securityContext", "runAsUser"),
            0,
            ["users: runAsUser of container toolbox is not from 10000 to 65535"],
        ),
        (("spec", "securityContext", "fsGroup"), 70000, ["volumes: fsGroup is not from 10000 to 65535"]),
        (
            ("spec", "containers", 0, "image"),
            "docker.io/library/debian:trixie",
            ["repositories: image docker.io/library/debian:trixie comes from elsewhere"],
        ),
        (
            ("spec", "containers", 0, "securityContext", "readOnlyRootFilesystem"),
            False,
            ["hardening: container toolbox may write to its root file system"],
        ),
        (
            ("spec", "containers", 0, "securityContext", "allowPrivilegeEscalation"),
            None,
            ["hardening: container toolbox may gain privileges"],
        ),
        (
            ("spec", "containers", 0, "securityContext", "capabilities"),
            {"drop": ["NET_RAW"]},
            ["hardening: container toolbox keeps capabilities"],
        ),
        (("spec", "automountServiceAccountToken"), True, ["tokens: a token is mounted"]),
    ],
)
def test_each_rule_refuses_what_breaks_it(
    rules: Gator,
    toolboxes: dict[str, dict[str, Any]],
    path: tuple[Any, ...],
    value: Any,
    violations: list[str],
) -> None:
    """Otherwise that nothing is refused above would say nothing."""
    changed = copy.deepcopy(toolboxes["settled"])
    *steps, last = path
    place: Any = changed
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    found = rules.violations([changed], CONSTRAINTS)
    assert found == [each.replace(": ", ": Pod settled: ", 1) for each in violations]
