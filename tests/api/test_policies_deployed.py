"""`make deploy` puts the policies into the cluster that fit it, `make undeploy` takes them away again."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import components
import pytest
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from stage import troubleshooter

VALIDATING = {
    "changes", "claims", "class", "connections", "default-class", "mounts", "new-claims", "pods",
    "replay-claims", "replays", "requested-by", "rights", "shells",
}  # fmt: skip
STAMPING = {"requested-by", "shells"}


@pytest.mark.parametrize(
    ("flags", "stamping", "sentence"),
    [
        pytest.param(components.MUTATING_POLICIES, STAMPING, "mutating policies v1beta1", id="v1beta1"),
        pytest.param((), None, "validating alone", id="without the beta"),
    ],
)
def test_what_fits_the_cluster_comes_and_goes(
    tmp_path: Path, flags: Sequence[str], stamping: set[str] | None, sentence: str
) -> None:
    with running_control_plane(tmp_path, controllers=True, flags=flags) as plane:
        assert sentence in make(plane, "deploy")
        assert names(plane, "validating") == VALIDATING
        assert not in_another_name(plane)
        if stamping is not None:
            assert names(plane, "mutating") == stamping
        make(plane, "undeploy")
        assert names(plane, "validating") == set()
        if stamping is not None:
            assert names(plane, "mutating") == set()
        assert "POLICIES=none" in make(plane, "deploy", "POLICIES=none")
        assert names(plane, "validating") == set()


def make(plane: ControlPlane, *words: str) -> str:
    """What it says."""
    home = plane.admin.in_namespace("troubleshooter-system")
    command = ["make", "-C", str(CHECKOUT), f"KUBECTL={' '.join(home.command())}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    return done.stderr


def in_another_name(plane: ControlPlane) -> bool:
    """Whether a Troubleshooter could be made in another's name."""
    manifest = troubleshooter("web", {})
    manifest["metadata"]["annotations"] = {"troubleshooter.sh/requested-by": "nobody"}
    words = ("create", "--dry-run=server", "--output=json", "--filename=-")
    tried = plane.admin.in_namespace("default").attempt(*words, stdin=json.dumps(manifest))
    if tried.returncode:
        return "must be your own name" not in tried.stderr
    return '"nobody"' in tried.stdout


def names(plane: ControlPlane, kind: str) -> set[str]:
    """Of the policies of this kind that have a binding, but for the one of deploy/base."""
    found = [
        {each["metadata"]["name"] for each in plane.admin.json("get", plural)["items"]}
        for plural in (f"{kind}admissionpolicies", f"{kind}admissionpolicybindings")
    ]
    assert found[0] == found[1]
    return {name.removeprefix("troubleshooter-") for name in found[0]} - {"operator-volumes"}
