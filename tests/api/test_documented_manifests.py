"""Each manifest in the documentation is one that the API server takes, each kustomization one that builds."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crds
import pytest
import yaml
from control_plane import ControlPlane
from harness import CHECKOUT

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$|<<END[^\n]*\n(.*?)^END$", re.MULTILINE | re.DOTALL)


def _documents() -> Iterator[Any]:
    for page in PAGES:
        for number, block in enumerate(BLOCK.finditer(page.read_text())):
            found = yaml.safe_load(block[1] or block[2])
            yield pytest.param(found, id=f"{page.stem}-{number}")


DOCUMENTS = list(_documents())
MANIFESTS = [each for each in DOCUMENTS if "apiVersion" in each.values[0]]
KUSTOMIZATIONS = [each for each in DOCUMENTS if "resources" in each.values[0]]


@pytest.fixture(scope="module")
def served(plane: ControlPlane) -> ControlPlane:
    crds.install(plane.admin)
    return plane


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_api_server_takes_it(served: ControlPlane, manifest: Any) -> None:
    """Strictly: a field that does not exist is refused."""
    served.admin.run(
        "apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(manifest)
    )


@pytest.mark.parametrize("kustomization", KUSTOMIZATIONS)
def test_it_builds(served: ControlPlane, kustomization: Any, tmp_path: Path) -> None:
    for folder in ("crd", "deploy"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    wanted = "PodMonitor" if "deploy/monitoring" in kustomization["resources"] else "TroubleshooterClass"
    assert f"kind: {wanted}\n" in served.admin.run("kustomize", str(tmp_path)).stdout


def test_nothing_is_overlooked() -> None:
    """What is none of both is a part of something else's configuration, and is counted here."""
    assert len(MANIFESTS) > 10
    assert len(KUSTOMIZATIONS) == 3
    assert len(DOCUMENTS) - len(MANIFESTS) - len(KUSTOMIZATIONS) == 2
