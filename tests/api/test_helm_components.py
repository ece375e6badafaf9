"""The values of the Helm chart make of it what the folders beside deploy/base make of that."""

import json
from pathlib import Path
from typing import Any

import crds
import pytest
from control_plane import ControlPlane
from harness import CHECKOUT
from helm import CHARTS, NAMESPACE, Helm, by_name, objects

CHART = "troubleshooter"
OFF = ("--set=components.policies=false",)
ON = "--set=components."
MUTATING = "--set=mutatingPolicies="
# Components as values, and as the folders that they are written from.
FOLDERS = {
    "policies, validating only": ("policies/validating", f"{ON}policies=true", f"{MUTATING}none"),
    "policies, v1": ("policies/v1", f"{ON}policies=true", f"{MUTATING}v1"),
    "policies, v1beta1": ("policies/v1beta1", f"{ON}policies=true", f"{MUTATING}v1beta1"),
    "retain, v1": ("retain/v1", *OFF, f"{ON}retain=true", f"{MUTATING}v1"),
    "retain, v1beta1": ("retain/v1beta1", *OFF, f"{ON}retain=true", f"{MUTATING}v1beta1"),
    "temporary namespaces": ("temporary-namespace", *OFF, f"{ON}temporaryNamespace=true"),
    "monitoring": ("monitoring", *OFF, f"{ON}monitoring=true"),
}
TEAMS = ("team-a", "team-b")
NAMESPACED = (*OFF, "--set=watchNamespaces={team-a,team-b}")


def rendered(charts: Helm, *options: str) -> dict[tuple[str, str], Any]:
    return by_name(charts.rendering(CHART, *options))


def kustomized(plane: ControlPlane, *words: str) -> dict[tuple[str, str], Any]:
    """Without what the chart leaves to Helm: the namespace, and the CRDs, which are another chart."""
    found = objects(plane.admin.run("kustomize", *words).stdout)
    return by_name(each for each in found if each["kind"] not in ("Namespace", "CustomResourceDefinition"))


@pytest.mark.parametrize("component", FOLDERS)
def test_a_component_is_what_its_folder_holds(charts: Helm, plane: ControlPlane, component: str) -> None:
    folder, *options = FOLDERS[component]
    without, found = rendered(charts, *OFF), rendered(charts, *options)
    assert {key: found[key] for key in without} == without
    added = {key: each for key, each in found.items() if key not in without}
    wanted = kustomized(plane, str(CHECKOUT / "deploy" / folder))
    for each in wanted.values():  # left to Helm where the manifest names none
        if each["metadata"].get("namespace") == NAMESPACE:
            del each["metadata"]["namespace"]
    assert folded(added) == folded(wanted)


def folded(found: Any) -> Any:
    """With one space for each run of white space: kustomize breaks lines of expressions where it likes."""
    if isinstance(found, dict):
        return {key: folded(each) for key, each in found.items()}
    if isinstance(found, list):
        return [folded(each) for each in found]
    return " ".join(found.split()) if isinstance(found, str) else found


def test_where_the_cluster_chooses_users_none_is_named(
    charts: Helm, plane: ControlPlane, tmp_path: Path
) -> None:
    for name in ("crd", "deploy"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    lines = ("resources: [deploy/base]", "components: [deploy/openshift]")
    (tmp_path / "kustomization.yaml").write_text("\n".join(lines))
    wanted = kustomized(plane, "--load-restrictor=LoadRestrictionsNone", str(tmp_path))
    assert rendered(charts, *OFF, f"{ON}openshift=true") == wanted


def test_some_namespaces_only(charts: Helm, plane: ControlPlane) -> None:
    """As deploy/namespaced, with the binding in each namespace, and without a ConfigMap of their names."""
    found = rendered(charts, *NAMESPACED)
    wanted = kustomized(plane, str(CHECKOUT / "deploy" / "namespaced"))
    deployment = "Deployment", "troubleshooter-operator"
    (container,) = wanted[deployment]["spec"]["template"]["spec"]["containers"]
    del container["env"]
    container["args"] = ["--watch-namespaces=team-a,team-b"]
    (names,) = [key for key in wanted if key[0] == "ConfigMap"]
    del wanted[names]
    del found["RoleBinding", "troubleshooter-operator"]
    assert found == wanted


def test_the_operator_is_bound_in_each_of_these_namespaces(charts: Helm) -> None:
    bindings = [each for each in charts.rendering(CHART, *NAMESPACED) if each["kind"] == "RoleBinding"]
    assert [each["metadata"]["namespace"] for each in bindings] == list(TEAMS)
    for each in bindings:
        assert each["roleRef"]["name"] == "troubleshooter-operator-namespace"
        assert [subject["namespace"] for subject in each["subjects"]] == [NAMESPACE]


def test_another_namespace_is_named_wherever_the_operators_stands(charts: Helm) -> None:
    everything = (f"{ON}{name}=true" for name in ("retain", "temporaryNamespace", "monitoring"))
    text = charts.run(
        "template",
        "x",
        str(CHARTS / CHART),
        "--kube-version=1.30",
        f"{MUTATING}v1",
        *everything,
        namespace="observability",
    )
    assert "system:serviceaccount:observability:troubleshooter-operator" in text
    assert NAMESPACE not in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((f"{ON}retain=true",), "components.retain needs MutatingAdmissionPolicy"),
        ((f"{ON}temporaryNamespace=true", "--set=watchNamespaces={a}"), "exclude each other"),
        (("--set=components.policy=true",), "policy"),
        ((f"{MUTATING}v2",), "mutatingPolicies"),
        (("--set=watchNamespaces={A b}",), "watchNamespaces"),
    ],
)
def test_values_that_cannot_be_are_refused(charts: Helm, options: tuple[str, ...], sentence: str) -> None:
    refused = charts.attempt("template", "x", str(CHARTS / CHART), "--kube-version=1.30", *options)
    assert refused.returncode != 0
    assert sentence in refused.stderr


def test_what_the_cluster_has_is_asked_when_it_is_installed(charts: Helm, plane: ControlPlane) -> None:
    """Here mutating policies are v1beta1. All that needs no foreign kind is taken, at once."""
    charts.run("install", "troubleshooter-crds", str(CHARTS / "troubleshooter-crds"), "--create-namespace")
    crds.wait_until_established(plane.admin)
    components = (f"{ON}{name}=true" for name in ("retain", "temporaryNamespace"))
    charts.run("install", CHART, str(CHARTS / CHART), *components)
    found = plane.admin.json("get", "mutatingadmissionpolicies")["items"]
    assert {each["metadata"]["name"] for each in found} >= {
        "troubleshooter-requested-by",
        "troubleshooter-retain",
    }
    assert {each["apiVersion"] for each in found} == {"admissionregistration.k8s.io/v1beta1"}
    values = json.loads(charts.run("get", "values", CHART, "--all", "--output=json"))
    assert values["mutatingPolicies"] == "auto"
