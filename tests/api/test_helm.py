"""The Helm charts install what is in deploy/base; an upgrade ends no toolbox, a removal leaves recordings."""

import json
from pathlib import Path

import crds
from control_plane import ControlPlane
from harness import CHECKOUT
from helm import CHARTS, NAMESPACE, Helm, by_name, objects
from kubectl import Kubectl, wait_until
from operator_process import running_operator
from played_node import PlayedNode
from stage import troubleshooter

NAMES = ("troubleshooter-crds", "troubleshooter")
KEEP = "helm.sh/resource-policy"
SCHEMA_SECONDS = 60
BASE_ALONE = ("--set=components.policies=false",)


def is_taken(admin: Kubectl, name: str) -> bool:
    manifest = json.dumps(troubleshooter(name, {}))
    return admin.attempt("apply", "--filename=-", stdin=manifest).returncode == 0


def test_the_charts_are_well_formed(charts: Helm) -> None:
    for name in NAMES:
        assert "0 chart(s) failed" in charts.run("lint", "--strict", str(CHARTS / name))


def test_they_hold_the_objects_of_the_base(charts: Helm, plane: ControlPlane) -> None:
    """All but the namespace, which `helm install --create-namespace` makes."""
    rendered = [each for name in NAMES for each in charts.rendering(name, *BASE_ALONE)]
    for each in rendered:
        each["metadata"].get("annotations", {}).pop(KEEP, None)
        each["metadata"] = {key: value for key, value in each["metadata"].items() if value != {}}
    base = objects(plane.admin.run("kustomize", str(CHECKOUT / "deploy" / "base")).stdout)
    assert by_name(rendered) == by_name(each for each in base if each["kind"] != "Namespace")


def test_images_and_what_may_be_asked_for_are_values(charts: Helm) -> None:
    values = (
        "images.operator=registry.example/operator:1",
        "images.toolbox=registry.example/toolbox:1",
        "images.allowed={registry.example/toolbox:*,registry.example/tools/*}",
    )
    options = [word for value in values for word in ("--set", value)]
    found = {each["kind"]: each for each in charts.rendering(NAMES[1], *options)}
    (container,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/operator:1"
    assert found["TroubleshooterClass"]["spec"]["images"] == {
        "default": "registry.example/toolbox:1",
        "allowed": ["registry.example/toolbox:*", "registry.example/tools/*"],
    }


def test_an_upgrade_ends_no_toolbox_and_a_removal_leaves_what_was_recorded(
    charts: Helm, plane: ControlPlane, tmp_path: Path
) -> None:
    """Upgraded to other images, with another operator, while a toolbox is open, and then removed."""
    admin = plane.admin.in_namespace("team")
    there = PlayedNode(admin)
    there.prepare()
    charts.run("install", NAMES[0], str(CHARTS / NAMES[0]), "--create-namespace")
    crds.wait_until_established(admin)
    charts.run("install", NAMES[1], str(CHARTS / NAMES[1]))
    with running_operator(plane, tmp_path / "first.log"):
        # A mutating policy is refused the new kind until the API server has read its schema.
        wait_until(lambda: is_taken(admin, "web"), timeout=SCHEMA_SECONDS, what="a Troubleshooter")
        volume = there.bind("web-recordings")
        there.run("web")
        there.wait("web", "Ready", "ShellAvailable")
    opened = admin.json("get", "pod", "web")
    charts.run("upgrade", NAMES[0], str(CHARTS / NAMES[0]))
    images = ("operator=registry.example/operator:2", "toolbox=registry.example/toolbox:2")
    charts.run("upgrade", NAMES[1], str(CHARTS / NAMES[1]), *(f"--set=images.{image}" for image in images))
    with running_operator(plane, tmp_path / "second.log"):
        admin.apply(troubleshooter("later", {}))  # once it has a pod, the upgraded operator is at work
        later = admin.wait_for("pod", "later", lambda _: True, timeout=20)
        assert later["spec"]["containers"][0]["image"] == "registry.example/toolbox:2"
        there.wait("web", "Ready", "ShellAvailable")
        still = admin.json("get", "pod", "web")
    assert still["metadata"]["uid"] == opened["metadata"]["uid"]
    assert "deletionTimestamp" not in still["metadata"]
    assert still["spec"] == opened["spec"]
    for name in reversed(NAMES):
        charts.run("uninstall", name)
    assert plane.admin.in_namespace(NAMESPACE).get("deploy", "troubleshooter-operator") is None
    assert admin.json("get", "troubleshooter", "web")["spec"] is not None
    claim = admin.json("get", "pvc", "web-recordings")
    assert claim["metadata"]["labels"]["troubleshooter.sh/recordings"] == "true"
    assert admin.json("get", "pv", volume)["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert admin.json("get", "pod", "web")["metadata"]["uid"] == opened["metadata"]["uid"]
