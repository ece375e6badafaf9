"""`doctor` on the real cluster, on which nothing is missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from installed import Installed
from kubectl import Kubectl

pytestmark = pytest.mark.own_node  # its image and storage

SECONDS = 60
CHECKOUTS = Installed(Path(sys.executable).parent)


def test_nothing_is_missing_where_the_product_is_deployed(operator: None, admin: Kubectl) -> None:
    done = subprocess.run(
        ["kubectl", "troubleshoot", "doctor", "--output=json"],
        env=CHECKOUTS.environment(admin.program, admin.kubeconfig),
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert (done.returncode, {check["state"] for check in checks.values()}) == (0, {"ok"}), checks
    assert checks["operator"]["message"] == "runs in troubleshooter-system"
    assert checks["image"]["message"] == "localhost/troubleshooter/toolbox:dev is on 1 of 1 nodes"
    assert checks["storage"]["message"].startswith("local-path: Delete, which the operator makes Retain")
