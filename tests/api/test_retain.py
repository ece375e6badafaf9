"""Who keeps a volume, told in each case; and who may have a claim, one toolbox after another."""

import json
from collections.abc import Iterator

import crds
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubectl import wait_until
from operator_process import running_operator
from played_node import PlayedNode
from stage import troubleshooter

POLICY = str(CHECKOUT / "deploy" / "retain" / "v1beta1")
ROLE = ("clusterrole", "troubleshooter-operator")


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("plane")
    with running_control_plane(folder) as running:
        admin = running.admin.in_namespace("troubleshooter-system")
        crds.install(admin)
        admin.run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
        PlayedNode(running.admin.in_namespace("team")).prepare()
        with running_operator(running, folder / "operator.log"):
            yield running


@pytest.fixture
def team(plane: ControlPlane) -> PlayedNode:
    return PlayedNode(plane.admin.in_namespace("team"))


def start(team: PlayedNode, name: str, *, policy: str, claim: str = "") -> str:
    """The volume of a new toolbox that runs."""
    disk = {"saveToDisk": {"claimName": claim}} if claim else {}
    team.admin.apply(troubleshooter(name, disk))
    volume = team.bind(claim or f"{name}-recordings", policy=policy)
    team.run(name)
    return volume


def test_a_storage_class_keeps_it(team: PlayedNode) -> None:
    volume = start(team, "made-so", policy="Retain")
    assert team.wait("made-so", "RecordingsRetained", "Retained") == (
        f"Volume {volume} is kept when its claim is deleted: it was given the reclaim policy Retain by its "
        "StorageClass, or by hand"
    )


def test_the_operator_keeps_it(team: PlayedNode) -> None:
    volume = start(team, "patched", policy="Delete")
    assert team.wait("patched", "RecordingsRetained", "Retained") == (
        f"Volume {volume} is kept when its claim is deleted: the operator has set its reclaim policy to "
        "Retain"
    )
    team.wait("patched", "Ready", "ShellAvailable")


def test_a_policy_keeps_it_from_the_moment_it_is_made(plane: ControlPlane, team: PlayedNode) -> None:
    plane.admin.run("apply", "-k", POLICY)
    wait_until(lambda: made(plane, "any-recordings") == "Retain", timeout=20, what="the policy in force")
    assert made(plane, "anything-else") == "Delete"
    volume = start(team, "mutated", policy="Delete")
    assert team.wait("mutated", "RecordingsRetained", "Retained") == (
        f"Volume {volume} is kept when its claim is deleted: an admission policy gave it the reclaim policy "
        "Retain when it was made"
    )


def made(plane: ControlPlane, claim: str) -> str:
    """The reclaim policy that a volume for such a claim gets, when Delete is asked for; a dry run."""
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Delete",
        "hostPath": {"path": "/nowhere"},
        "claimRef": {"namespace": "team", "name": claim},
    }
    manifest = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "tried"}, "spec": spec}
    words = ("create", "--dry-run=server", "--filename=-", "--output=json")
    found = json.loads(plane.admin.run(*words, stdin=json.dumps(manifest)).stdout)
    return str(found["spec"]["persistentVolumeReclaimPolicy"])


def test_toolboxes_use_one_claim_after_another(team: PlayedNode) -> None:
    """Under one operator that sees both; the second is made when the first is gone."""
    volume = start(team, "first", policy="Retain", claim="shared-recordings")
    team.wait("first", "Ready", "ShellAvailable")
    team.admin.apply(troubleshooter("second", {"saveToDisk": {"claimName": "shared-recordings"}}))
    assert team.wait("second", "Ready", "VolumePending") == (
        "Claim shared-recordings is in use by Troubleshooter first (pod first) and is for one at a time; "
        "this one starts when that has ended, or name another claim in saveToDisk.claimName"
    )
    assert team.admin.get("pod", "second") is None
    team.admin.run("delete", "troubleshooter", "first", "--wait=false")
    team.admin.run("delete", "pod", "first", "--wait=false")
    team.finish("first")
    team.run("second")
    team.wait("second", "Ready", "ShellAvailable")
    found = team.admin.json("get", "troubleshooter", "second")["status"]["recordings"]
    assert found["persistentVolumeName"] == volume


def test_a_claim_of_others_is_left_alone(team: PlayedNode) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "theirs"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    team.admin.apply(claim)
    team.admin.apply(troubleshooter("guest", {"saveToDisk": {"claimName": "theirs"}}))
    assert "exists without the label troubleshooter.sh/recordings=true" in team.wait(
        "guest", "Ready", "ClaimNotOurs"
    )
    assert team.admin.get("pod", "guest") is None


@pytest.fixture
def unpermitted(plane: ControlPlane) -> Iterator[None]:
    """The operator may read volumes, and change none."""
    rules = plane.admin.json("get", *ROLE)["rules"]
    for rule in rules:
        if rule["resources"] == ["persistentvolumes"]:
            rule["verbs"].remove("patch")
    change(plane, "clusterrole", "troubleshooter-operator", {"rules": rules})
    yield
    plane.admin.in_namespace("troubleshooter-system").run("apply", "-k", str(CHECKOUT / "deploy" / "base"))


def change(plane: ControlPlane, kind: str, name: str, patch: object) -> None:
    plane.admin.run("patch", kind, name, "--type=merge", f"--patch={json.dumps(patch)}")


@pytest.mark.parametrize(
    ("required", "reason", "word"),
    [(True, "Forbidden", ""), (False, "ShellAvailable", "not-permitted")],
    ids=["the class insists", "the class does not"],
)
def test_where_nobody_may_keep_it_the_class_decides(
    plane: ControlPlane, team: PlayedNode, unpermitted: None, *, required: bool, reason: str, word: str
) -> None:
    change(plane, "troubleshooterclass", "default", {"spec": {"recording": {"requireRetain": required}}})
    name = f"loose-{str(required).lower()}"
    start(team, name, policy="Delete", claim=f"{name}-files")
    message = team.wait(name, "RecordingsRetained", "NotPermitted")
    assert "cannot patch resource" in message
    assert message.endswith("install deploy/retain, or offer a StorageClass with reclaimPolicy: Retain")
    team.wait(name, "Ready", reason)
    marks = team.admin.json("get", "pod", name)["metadata"]["annotations"]
    assert marks.get("troubleshooter.sh/recordings-retained", "") == word
