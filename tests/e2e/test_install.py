"""Upgrade and removal as `make deploy` and `make undeploy` do them, while somebody is in a toolbox."""

import os
import subprocess
from collections.abc import Iterator

import harness
import images
import operator_deployment
import pytest
from kubectl import Kubectl
from stage import Stage

pytestmark = [pytest.mark.own_node, pytest.mark.usefixtures("operator")]

NEXT = "localhost/next/troubleshooter:2"
MAKE_SECONDS = 120


def make(cluster: harness.Cluster, *words: str) -> str:
    """What it says; CalledProcessError if it fails."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{cluster.kubectl.parent}:{os.environ['PATH']}",
    }
    command = ["make", "-C", str(harness.CHECKOUT), *words]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=MAKE_SECONDS, check=True
    )
    return done.stdout


@pytest.fixture
def next_images(admin: Kubectl) -> Iterator[None]:
    """The same images under other names, which is another image to a Deployment; ours are back afterwards."""
    prefix, _, tag = NEXT.rpartition(":")
    for target in images.TARGETS:
        names = f"localhost/troubleshooter/{target}:dev", f"{prefix}/{target}:{tag}"
        subprocess.run([*images.ctr(), "images", "tag", "--force", *names], capture_output=True, check=True)
    yield
    operator_deployment.deploy(admin)


def test_an_upgrade_ends_no_toolbox_and_a_removal_leaves_recordings(
    cluster: harness.Cluster, stage: Stage, next_images: None
) -> None:
    toolbox = stage.start("open")
    before = toolbox.pod
    operators = {pod["metadata"]["uid"] for pod in operator_deployment.pods(stage.admin)}
    with toolbox.prompt() as terminal:
        make(cluster, "deploy", f"IMG={NEXT}")
        stage.start("later")  # once its shell is available, the next operator is at work
        (pod,) = operator_deployment.pods(stage.admin)
        assert pod["metadata"]["uid"] not in operators
        assert pod["spec"]["containers"][0]["image"] == "localhost/next/troubleshooter/operator:2"
        later = stage.admin.json("get", "pod", "later")["spec"]["containers"][0]["image"]
        assert later == "localhost/next/troubleshooter/toolbox:2"
        terminal.sendline("echo still $((6 * 7))")
        terminal.expect("still 42")
        terminal.sendline("exit 7")
        assert terminal.wait() == 7
    assert toolbox.pod["metadata"]["uid"] == before["metadata"]["uid"]
    assert toolbox.pod["spec"] == before["spec"]
    assert toolbox.pod["status"]["containerStatuses"] == before["status"]["containerStatuses"]
    volume = stage.volume_of("open-recordings")["metadata"]["name"]
    make(cluster, "undeploy")
    stage.admin.wait_gone("pod", "open", timeout=40)
    assert stage.admin.attempt("get", "troubleshooters").returncode == 1
    (cast,) = stage.shelf("open").casts()
    assert "still 42" in cast.shown
    kept = stage.admin.json("get", "pv", volume)
    assert (kept["status"]["phase"], kept["spec"]["persistentVolumeReclaimPolicy"]) == ("Bound", "Retain")
