"""The operator keeps no word of who manages which field, so what it writes must not have a say in that."""

import json
from pathlib import Path

import crds
from control_plane import running_control_plane
from harness import CHECKOUT
from operator_process import running_operator
from stage import troubleshooter

GITOPS = ("apply", "--server-side", "--field-manager=flux", "--filename=-")


def test_an_applier_goes_on_owning_what_it_applied(tmp_path: Path) -> None:
    """Else the next apply would be refused as a conflict, or would not take away what it no longer has."""
    with running_control_plane(tmp_path / "plane") as plane:
        crds.install(plane.admin)
        plane.admin.in_namespace("troubleshooter-system").run(
            "apply", "-k", str(CHECKOUT / "deploy" / "base")
        )
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        plane.admin.apply(account)
        plane.admin.run(*GITOPS, stdin=json.dumps(troubleshooter("web", {"purpose": "before"})))
        with running_operator(plane, tmp_path / "operator.log"):
            plane.admin.wait_for(
                "troubleshooter", "web", lambda found: "podUID" in found.get("status", {}), timeout=20
            )
        whole = plane.admin.json("get", "troubleshooter", "web", "--show-managed-fields")
        owned = {each["manager"]: each["fieldsV1"] for each in whole["metadata"]["managedFields"]}
        assert owned["flux"] == {"f:spec": {"f:purpose": {}}}
        assert owned["troubleshooter-operator"].keys() == {"f:status"}
        plane.admin.run(*GITOPS, stdin=json.dumps(troubleshooter("web", {})))
        assert "purpose" not in plane.admin.json("get", "troubleshooter", "web")["spec"]
