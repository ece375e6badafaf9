"""A volume that belongs to root, and users that no image knows: what fsGroup and group 0 make of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubectl import Kubectl
from stage import Stage

pytestmark = [pytest.mark.own_node, pytest.mark.usefixtures("operator")]
HIGH = 1000650000  # as OpenShift chooses them


@pytest.fixture
def roots_folder(admin: Kubectl, namespace: str, tmp_path: Path) -> Iterator[Path]:
    """A `local` volume of the class named like the namespace, root:root 0755 as a new file system is."""
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o755)
    (node,) = admin.json("get", "nodes")["items"]
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node["metadata"]["name"]]}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": namespace,
        "local": {"path": str(folder)},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}},
    }
    name = f"local-{namespace}"
    admin.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec})
    yield folder
    admin.run("delete", "persistentvolume", name, "--wait=false")


@pytest.mark.parametrize(
    "security",
    [
        pytest.param({"fsGroup": 10001}, id="the image's user"),
        pytest.param({"runAsUser": HIGH, "fsGroup": HIGH}, id="a high user"),
        pytest.param(
            {"runAsUser": HIGH, "runAsGroup": 0, "fsGroup": HIGH}, id="a high user, group asked for"
        ),
    ],
)
def test_a_volume_of_roots_is_recorded_on(
    admin: Kubectl, editor: Kubectl, namespace: str, roots_folder: Path, security: Any
) -> None:
    user = security.get("runAsUser", 10001)
    before = roots_folder.stat()
    assert (before.st_uid, before.st_gid, before.st_mode & 0o777) == (0, 0, 0o755)
    stage = Stage(namespace, admin.in_namespace(namespace), editor, roots_folder)
    spec = admin.json("get", "troubleshooterclass", "default")["spec"] | {"security": security}
    admin.apply(
        {
            "apiVersion": "troubleshooter.sh/v1alpha1",
            "kind": "TroubleshooterClass",
            "metadata": {"name": namespace},
            "spec": spec,
        }
    )
    try:
        disk = {"storageClassName": namespace}
        toolbox = stage.start("box", troubleshooterClassName=namespace, saveToDisk=disk)
        said = toolbox.run("shell", "-c", "id -u; id -g; whoami; touch ~/mine /tmp/mine && echo written")
        assert said.stdout.decode().split() == [str(user), "0", "toolbox", "written"]
        (cast,) = (roots_folder / namespace / "box").glob("*.cast")
        assert "written" in cast.read_text()
        assert cast.stat().st_uid == user
        assert stage.wait_reason("box", "Retained", kind="RecordingsRetained")["status"] == "True"
    finally:
        admin.run("delete", "troubleshooterclass", namespace)
