"""CLUSTER=current against a real cluster that is not asked for how it is made: this one, as a stranger's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import harness
import operator_deployment
import pytest
import settings
from kubectl import Kubectl
from registry import let_the_node_pull, running_registry

pytestmark = [pytest.mark.own_node, pytest.mark.usefixtures("operator")]

RUN_SECONDS = 240
# One test of the recorder from end to end, and one that kills the operator on its node.
CHOSEN = (
    "tests/e2e/test_recording.py::test_the_recording_says_whose_it_is",
    "tests/e2e/test_faults.py::test_killed_while_ending",
)


@pytest.fixture
def environment(cluster: harness.Cluster, admin: Kubectl, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Of a person with a kubeconfig and a registry; the operator of this checkout is back afterwards."""
    with running_registry(tmp_path, settings.HOST_IP) as address:
        let_the_node_pull(cluster.root, address)
        yield {
            **os.environ,
            "CLUSTER": "current",
            "IMAGE_REGISTRY": f"http://{address}",
            "KUBECONFIG": str(cluster.kubeconfig),
            "PATH": f"{cluster.kubectl.parent}:{os.environ['PATH']}",
        }
    operator_deployment.deploy(admin)


def test_the_tests_run_in_it_with_images_that_it_pulls(environment: dict[str, str], admin: Kubectl) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *CHOSEN],
        cwd=harness.CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    assert "1 passed, 1 skipped" in done.stdout
    assert "CLUSTER=current: this works on the node itself, and that is not ours" in done.stdout
    registry = environment["IMAGE_REGISTRY"].removeprefix("http://")
    assert f"CLUSTER=current: using context admin at {settings.API_URL}; images from {registry}" in said
    (pod,) = operator_deployment.pods(admin)
    assert pod["spec"]["containers"][0]["image"].startswith(f"{registry}/troubleshooter/operator:")
    assert harness.status() is not None, "the cluster of somebody else was ended"
