"""Where the cluster chooses user and group, as OpenShift does: deploy/openshift names none of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import Kubectl
from operator_process import running_operator
from played_node import PlayedNode
from stage import troubleshooter

CHOSEN = 1000660000
WAYS = {"by-kubectl": (), "by-server": ("--server-side", "--force-conflicts")}
PODS = {
    "resourceRules": [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    ]
}
# What OpenShift's restricted-v2 does: user and fsGroup from the namespace's range, where the pod names none.
RANGE = {
    "apiVersion": "admissionregistration.k8s.io/v1beta1",
    "kind": "MutatingAdmissionPolicy",
    "metadata": {"name": "range"},
    "spec": {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": PODS,
        "matchConditions": [
            {
                "name": "no-user",
                "expression": "!has(object.spec.securityContext.runAsUser)",
            }
        ],
        "mutations": [
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {
                    "expression": "Object{spec: Object.spec{securityContext: Object.spec.securityContext{"
                    f"runAsUser: {CHOSEN}, fsGroup: {CHOSEN}}}}}}}"
                },
            }
        ],
    },
}
# And what it refuses: a user, group or fsGroup from elsewhere.
CHECK = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicy",
    "metadata": {"name": "range"},
    "spec": {
        "failurePolicy": "Fail",
        "matchConstraints": PODS,
        "validations": [
            {
                "expression": f"object.spec.securityContext.?{key}.orValue({CHOSEN}) == {CHOSEN}",
                "message": f"{key} is not in the range of the namespace",
            }
            for key in ("runAsUser", "fsGroup")
        ],
    },
}
BINDINGS = (
    {
        "apiVersion": "admissionregistration.k8s.io/v1beta1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "range"},
        "spec": {"policyName": "range"},
    },
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "range"},
        "spec": {"policyName": "range", "validationActions": ["Deny"]},
    },
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        crds.install(running.admin)
        running.admin.apply(RANGE, CHECK, *BINDINGS)
        yield running


@pytest.fixture(scope="module")
def overlay(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The base with the component on top, as an installation's own kustomization has it."""
    folder = tmp_path_factory.mktemp("overlay")
    for name in ("crd", "deploy"):
        (folder / name).symlink_to(CHECKOUT / name)
    lines = ("resources: [deploy/base]", "components: [deploy/openshift]")
    (folder / "kustomization.yaml").write_text("\n".join(lines))
    return plane.admin.run("kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder)).stdout


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("before", ["new", "over-the-base"])
def test_no_group_stays_no_group(plane: ControlPlane, overlay: str, before: str, way: str) -> None:
    admin = plane.admin.in_namespace("troubleshooter-system")
    admin.run("delete", "--ignore-not-found", "troubleshooterclass", "default")
    if before == "over-the-base":
        admin.run("apply", "-k", str(CHECKOUT / "deploy" / "base"), *WAYS[way])
        assert security(admin)["fsGroup"] == 10001
    admin.run("apply", "--filename=-", *WAYS[way], stdin=overlay)
    assert "fsGroup" not in security(admin)


def security(admin: Kubectl) -> dict[str, Any]:
    found: dict[str, Any] = admin.json("get", "troubleshooterclass", "default")["spec"]["security"]
    return found


@pytest.mark.parametrize("said", [{}, {"fsGroup": None}], ids=["left out", "null"])
def test_a_class_that_names_no_group_has_none(plane: ControlPlane, said: dict[str, None]) -> None:
    """null goes missing on its way through kubectl, and means the same as nothing."""
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    spec = {"images": {"default": "registry.example/toolbox:1"}, "security": said}
    plane.admin.apply(kind | {"metadata": {"name": "other"}, "spec": spec})
    found = plane.admin.json("get", "troubleshooterclass", "other")["spec"]["security"]
    assert found.get("fsGroup") is None


def test_operator_and_toolbox_get_what_the_cluster_chooses(
    plane: ControlPlane, overlay: str, tmp_path: Path
) -> None:
    admin = plane.admin.in_namespace("troubleshooter-system")
    admin.run("apply", "--filename=-", stdin=overlay)
    there = PlayedNode(plane.admin.in_namespace("team"))
    there.prepare()
    with running_operator(plane, tmp_path / "operator.log"):
        there.admin.apply(troubleshooter("web", {}))
        pod = there.admin.wait_for("pod", "web", lambda _: True, timeout=20)
    assert chosen(pod) == (CHOSEN, CHOSEN)
    template = admin.json("get", "deploy", "troubleshooter-operator")["spec"]["template"]
    template["spec"].pop("serviceAccountName", None)
    template["spec"].pop("serviceAccount", None)
    PlayedNode(admin).prepare({"pod-security.kubernetes.io/enforce": "restricted"})
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator"}, "spec": template["spec"]}
    made = json.loads(admin.run("create", "--filename=-", "--output=json", stdin=json.dumps(manifest)).stdout)
    assert chosen(made) == (CHOSEN, CHOSEN)


def chosen(pod: dict[str, Any]) -> tuple[int | None, int | None]:
    context = pod["spec"]["securityContext"]
    return context.get("runAsUser"), context.get("fsGroup")
