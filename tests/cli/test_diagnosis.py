"""Each thing that can be missing, missing alone: what `doctor` says of it, and what mends it."""

from dataclasses import replace
from typing import Any

import pytest

from troubleshooter_cli.diagnosis import POLICIES, diagnose
from troubleshooter_cli.entitlements import RIGHTS
from troubleshooter_cli.findings import Check, Findings, State

IMAGE = "registry.example/toolbox:1"
BINDING = (
    "kubectl create rolebinding troubleshooter-alice-example-org --namespace=shop --clusterrole=edit "
    "--user=alice@example.org"
)


def thing(name: str, annotations: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "annotations": annotations or {}}} | more


def toolbox(name: str, reason: str, started: str | None = None) -> dict[str, Any]:
    conditions = [{"type": "Ready", "reason": reason}]
    return thing(name, status={"resolved": {"image": IMAGE}, "conditions": conditions, "startedAt": started})


DEFAULT_CLASS = thing(
    "default",
    {"troubleshooter.sh/is-default-class": "true"},
    spec={"images": {"default": IMAGE}, "storage": {"size": "1Gi"}},
)
STORAGE = thing(
    "fast", {"storageclass.kubernetes.io/is-default-class": "true"},
    reclaimPolicy="Delete", allowVolumeExpansion=True,
)  # fmt: skip
OPERATOR = {
    "metadata": {"name": "troubleshooter-operator", "namespace": "troubleshooter-system"},
    "status": {"availableReplicas": 1},
}
GOOD = Findings(
    user="alice@example.org",
    namespace="shop",
    kubectl="v1.36.2",
    server="v1.36.0",
    kinds=frozenset({"troubleshooters", "troubleshooterclasses", "replays"}),
    operators=(OPERATOR,),
    policies=tuple(thing(name, spec={"failurePolicy": "Fail"}) for name in POLICIES),
    bindings=tuple(
        thing(name, spec={"policyName": name, "validationActions": ["Deny"]}) for name in POLICIES
    ),
    rewriting=(thing("troubleshooter-shells"),),
    requesters_checked=True,
    rights=dict.fromkeys(RIGHTS, True),
    storage_classes=(STORAGE,),
    classes=(DEFAULT_CLASS,),
    usable=frozenset({"default"}),
    home=thing("shop") | {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
    nodes=({"status": {"images": [{"names": [IMAGE]}]}}, {"status": {}}),
    toolboxes=(),
)


def test_where_nothing_is_missing_each_line_says_what_there_is() -> None:
    assert {check.name: (str(check.state), check.message) for check in diagnose(GOOD)} == {
        "kubectl": ("ok", "v1.36.2"),
        "cluster": ("ok", "Kubernetes v1.36.0"),
        "crds": ("ok", "troubleshooters, troubleshooterclasses, replays"),
        "operator": ("ok", "runs in troubleshooter-system"),
        "policies": ("ok", "all 13 in force, every exec is rewritten"),
        "namespace": ("ok", "shop enforces Pod Security restricted; toolboxes meet restricted"),
        "rights": ("ok", "alice@example.org has all 11 in shop"),
        "classes": ("ok", "default is the default; yours: default"),
        "storage": ("ok", "fast: Delete, which the operator makes Retain; volumes can be expanded"),
        "image": ("ok", "registry.example/toolbox:1 is on 1 of 2 nodes"),
    }


def without(mapping: Any, *words: str) -> Any:
    return {right: words != (right.verb, right.resource, right.subresource) for right in mapping}


FAST = thing("fast", reclaimPolicy="Retain")
CASES: list[tuple[dict[str, Any], str, str, str]] = [
    (
        {"kubectl": None},
        "kubectl",
        "kubectl is not on the PATH",
        "install kubectl: https://kubernetes.io/docs/tasks/tools/",
    ),
    (
        {"server": "v1.29.4", "kubectl": "v1.29.0"},
        "cluster",
        "Kubernetes v1.29.4 is too old",
        "upgrade the cluster to Kubernetes 1.30 or newer",
    ),
    (
        {"kinds": frozenset({"troubleshooters", "troubleshooterclasses"})},
        "crds",
        "the API server does not know replays",
        "kubectl apply -k crd",
    ),
    ({"operators": ()}, "operator", "the operator is not installed", "make deploy"),
    (
        {"operators": (OPERATOR | {"status": {}},)},
        "operator",
        "the operator in troubleshooter-system does not run",
        (
            "kubectl describe pods --namespace=troubleshooter-system "
            "--selector=app.kubernetes.io/name=troubleshooter-operator"
        ),
    ),
    (
        {"policies": (), "bindings": ()},
        "policies",
        "none is in force: nobody is told apart, and toolboxes are not guarded",
        "make deploy",
    ),
    (
        {"bindings": GOOD.bindings[1:] if GOOD.bindings else ()},
        "policies",
        "not in force: troubleshooter-requested-by",
        "make deploy",
    ),
    (
        {"policies": None, "requesters_checked": False},
        "policies",
        "not in force: a toolbox can be asked for in another's name",
        "make deploy",
    ),
    (
        {"has_home": False, "home": None},
        "namespace",
        "there is no namespace shop",
        "kubectl create namespace shop",
    ),
    (
        {"home": {"metadata": {"deletionTimestamp": "2026-11-25T12:00:00Z"}}},
        "namespace",
        "shop is being deleted",
        "choose another with --namespace",
    ),
    (
        {"rights": without(GOOD.rights, "create", "pods", "exec")},
        "rights",
        "alice@example.org may not, in shop: open shells and read recordings (create pods/exec)",
        BINDING,
    ),
    (
        {"rights": without(GOOD.rights, "get", "troubleshooters", "recordings")},
        "rights",
        (
            "alice@example.org may not, in shop: read recordings that others made "
            "(get troubleshooters/recordings)"
        ),
        BINDING,
    ),
    (
        {"classes": ()},
        "classes",
        "there is no class, so nothing can be asked for",
        "kubectl apply -f deploy/base/class.yaml",
    ),
    (
        {"classes": (thing("large"),), "usable": frozenset({"large"})},
        "classes",
        "none of large is the default",
        "kubectl annotate troubleshooterclass large troubleshooter.sh/is-default-class=true",
    ),
    (
        {"usable": frozenset()},
        "classes",
        "alice@example.org may not use the class default, which is the default",
        BINDING,
    ),
    (
        {"storage_classes": ()},
        "storage",
        "there is no storage class",
        "install a provisioner of volumes, or name a storage class that is there in the class's spec.storage",
    ),
    (
        {"storage_classes": (FAST,)},
        "storage",
        "none of fast is the default",
        "kubectl annotate storageclass fast storageclass.kubernetes.io/is-default-class=true",
    ),
    (
        {"nodes": None, "toolboxes": (toolbox("web", "ImagePullFailed"),)},
        "image",
        "registry.example/toolbox:1 cannot be pulled, says toolbox web",
        "kubectl describe troubleshooter web --namespace=shop",
    ),
]


@pytest.mark.parametrize(("change", "name", "message", "remedy"), CASES, ids=[case[2] for case in CASES])
def test_what_is_missing_is_one_sentence_and_a_line_that_mends_it(
    change: dict[str, Any], name: str, message: str, remedy: str
) -> None:
    """And nothing else is said to be missing."""
    missing = [check for check in diagnose(replace(GOOD, **change)) if check.state is State.MISSING]
    assert missing == [Check(name, State.MISSING, message, remedy)]


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (
            {"kubectl": "v1.32.4"},
            "kubectl",
            "v1.32.4, more than one minor version from the cluster's v1.36.0",
        ),
        ({"operators": None}, "operator", "you may not see whether the operator runs"),
        ({"policies": None, "requesters_checked": None}, "policies", "you may not see which are in force"),
        ({"home": None}, "namespace", "you may not see shop"),
        ({"classes": None, "usable": frozenset()}, "classes", "you may not see the classes"),
        ({"storage_classes": None}, "storage", "you may not see the storage classes"),
        (
            {"nodes": None},
            "image",
            "registry.example/toolbox:1: whether it can be pulled, the first toolbox shows",
        ),
    ],
)
def test_what_cannot_be_told_is_a_note_and_not_missing(
    change: dict[str, Any], name: str, message: str
) -> None:
    checks = {check.name: check for check in diagnose(replace(GOOD, **change))}
    assert (checks[name].state, checks[name].message) == (State.NOTE, message)
    assert [check.name for check in checks.values() if check.state is State.MISSING] == []


def test_before_it_is_installed_only_what_installs_it_is_named() -> None:
    """Rights and classes come with it."""
    bare = replace(
        GOOD, kinds=frozenset(), operators=(), policies=(), bindings=(), rewriting=(),
        requesters_checked=None, rights=dict.fromkeys(RIGHTS, False), classes=(), usable=frozenset(),
    )  # fmt: skip
    remedies = {check.remedy for check in diagnose(bare) if check.state is State.MISSING}
    assert remedies == {"make deploy"}


def test_without_policies_nobody_needs_the_rights_that_only_they_ask_for() -> None:
    open_to_all = replace(
        GOOD,
        policies=None,
        requesters_checked=False,
        rights=without(GOOD.rights, "get", "troubleshooters", "recordings"),
        usable=frozenset(),
    )
    missing = [check.name for check in diagnose(open_to_all) if check.state is State.MISSING]
    assert missing == ["policies"]


@pytest.mark.parametrize(
    "weak",
    [
        {"policyName": POLICIES[0], "validationActions": ["Audit"]},
        {"policyName": POLICIES[0], "validationActions": ["Deny"], "matchResources": {"x": 1}},
        {"policyName": "other", "validationActions": ["Deny"]},
    ],
)
def test_a_policy_that_refuses_nothing_or_not_everywhere_is_not_in_force(weak: dict[str, Any]) -> None:
    bindings = (thing(POLICIES[0], spec=weak), *(GOOD.bindings or ())[1:])
    checks = {check.name: check for check in diagnose(replace(GOOD, bindings=bindings))}
    assert checks["policies"].message == "not in force: troubleshooter-requested-by"


def test_a_name_is_quoted_in_the_line_that_an_administrator_pastes() -> None:
    """It comes from certificates and tokens."""
    found = replace(GOOD, user="a'; rm -rf / #", rights=dict.fromkeys(RIGHTS, False))
    (check,) = [check for check in diagnose(found) if check.state is State.MISSING]
    assert check.remedy.endswith("--user='a'\\''; rm -rf / #'")


def test_the_image_has_run_before() -> None:
    found = replace(GOOD, nodes=None, toolboxes=(toolbox("web", "Ended", "2026-11-25T12:00:00Z"),))
    checks = {check.name: check for check in diagnose(found)}
    assert checks["image"].message == "registry.example/toolbox:1 ran in toolbox web"
