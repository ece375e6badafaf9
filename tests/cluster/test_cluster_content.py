"""Things that the cluster's files say twice, because they must, say the same."""

import re
from pathlib import Path
from typing import Any

import binaries
import components
import images
import lifecycle
import places
import pytest
import settings
import yaml
from places import State

STATE = State(Path("/state"), Path("/logs"))


def manifests(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((components.MANIFESTS / name).read_text()))


def test_the_dns_service_is_where_the_kubelet_sends_pods() -> None:
    """The address in the manifest is the one in the kubelet's configuration."""
    service, endpoints = manifests("coredns.yaml")
    kubelet = yaml.safe_load(settings.kubelet(STATE))
    assert kubelet["clusterDNS"] == [service["spec"]["clusterIP"]]
    assert endpoints["endpoints"] == [{"addresses": ["NODE_IP"]}]  # filled in at the start


def test_the_volume_helper_uses_the_image_that_every_node_has() -> None:
    """Nothing is pulled: there is no registry."""
    (pod,) = manifests("local-path-helper.yaml")
    (container,) = pod["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (settings.BASE_IMAGE, "Never")


@pytest.mark.parametrize("module", binaries.ALL, ids=lambda module: module.name)
def test_every_program_is_a_tool_of_its_module(module: binaries.Module) -> None:
    """`go build tool` names each program after the last part of its package that is no version."""
    tools, _, _ = (module.folder / "go.mod").read_text().partition("require (")
    packages = re.findall(r"^(?:tool |\t)([\w./-]+)$", tools, re.MULTILINE)
    wanted = {file for owner, file in binaries.PROGRAMS.values() if owner == module.name}
    assert {package.removesuffix("/v3").rpartition("/")[2] for package in packages} == wanted


def test_kubernetes_learns_its_version_from_go_mod() -> None:
    """Without the stamp it calls itself v0.0.0; other modules have none."""
    assert binaries.version_stamp("require (\n\tk8s.io/kubernetes v1.35.4\n)\n") == (
        " -X k8s.io/component-base/version.gitVersion=v1.35.4"
    )
    assert binaries.version_stamp("require k8s.io/client-go v0.35.4\n") == ""


def test_every_file_that_shapes_the_node_is_part_of_its_content() -> None:
    """What node.py imports shapes the cluster, but for what only talks and finds."""
    sources = {path.name for path in places.HERE.glob("*.py") if not path.name.startswith("test_")}
    only_outside = {
        *(
            "asciinema3.py",
            "cli.py",
            "current.py",
            "debian.py",
            "golang.py",
            "hostlock.py",
            "images.py",
            "leftovers.py",
        ),
        *("lifecycle.py", "naming.py", "places.py", "progress.py", "python_env.py", "webplayer.py"),
    }
    assert sources - only_outside <= set(lifecycle.MADE_FROM)


def test_every_file_that_the_dockerfile_copies_is_part_of_the_images_content() -> None:
    """Else its changes would never reach the cluster."""
    lines = re.findall(
        r"^COPY (?!.*--from=)(.+)$", (places.CHECKOUT / "Dockerfile").read_text(), re.MULTILINE
    )
    sources = {word.partition("/")[0] for line in lines for word in line.split()[:-1] if word[0] != "-"}
    assert {"agent", "operator", "image"} <= sources
    assert sources <= set(images.PROJECT_INPUTS)
    assert all((places.CHECKOUT / name).exists() for name in images.PROJECT_INPUTS)
