"""Sessions in the container's log on a real node, read by a real shipper; and shells that are not saved."""

import json
from pathlib import Path

import debian
import harness
import images
import pytest
from containers import container_of, init_of
from kubectl import wait_until
from logged import events_of
from shipper import Shipped, shipping
from stage import Stage

pytestmark = pytest.mark.usefixtures("operator")

TOOLBOX = images.names().of("toolbox")
ROTATION_SECONDS = 60  # the kubelet looks every 10 s whether a log is longer than 10 MiB


@pytest.fixture(scope="module", autouse=True)
def rsyslog(cluster: harness.Cluster) -> None:
    debian.install(debian.SHIPPER, cluster.logs / "shipper.log")


def log_of(cluster: harness.Cluster, stage: Stage, name: str) -> Path:
    uid = stage.admin.json("get", "pod", name)["metadata"]["uid"]
    (log,) = (cluster.logs / "pods").glob(f"*_{uid}/*/0.log")
    return log


@pytest.mark.own_node
def test_what_a_shipper_reads_through_a_rotation_is_the_session(
    cluster: harness.Cluster, stage: Stage, tmp_path: Path
) -> None:
    toolbox = stage.start("logged", logToStdout=True)
    log = log_of(cluster, stage, "logged")
    with shipping(log, tmp_path) as shipped:
        with toolbox.shell("--user=alice") as shell:
            shell.expect("it is also in the container's log, for whoever may read that")
            shell.sendline("seq 1000000 | tail -n +1; echo naïve 世界")
            shell.expect("naïve 世界", timeout=90)
            wait_until(lambda: _rotated(log), what="a rotation of the log", timeout=ROTATION_SECONDS)
            shell.sendline("echo after the rotation; exit 3")
            assert shell.wait() == 3
        wait_until(lambda: _ends(shipped), what="the end of the session in the log", timeout=60)
        lines = shipped.lines()
    (cast,) = stage.shelf("logged").casts()
    header, *rest = events_of(lines)
    assert json.loads(header[2]) == cast.header
    assert tuple(rest) == cast.events
    assert {line["troubleshooter"]["name"] for line in lines} == {"logged"}


def _rotated(log: Path) -> bool:
    return len(list(log.parent.glob("0.log.*"))) > 0


def _ends(shipped: Shipped) -> bool:
    return any(line["message"].startswith("session ended: ") for line in shipped.lines()[-20:])


@pytest.fixture
def unrecorded(stage: Stage) -> str:
    """A class with which nothing needs to be recorded."""
    name = f"{stage.namespace}-unrecorded"
    spec = {"images": {"default": TOOLBOX}, "allow": {"unrecorded": True, "logToStdout": True}}
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    stage.admin.apply(kind | {"metadata": {"name": name}, "spec": spec})
    return name


def test_shell_that_is_not_recorded_says_so_and_makes_no_claim(stage: Stage, unrecorded: str) -> None:
    toolbox = stage.start("bare", troubleshooterClassName=unrecorded, saveToDisk={"enabled": False})
    with toolbox.shell("--user=alice") as shell:
        shell.expect("this shell of alice is NOT recorded")
        shell.sendline("exit 4")
        assert shell.wait() == 4
    root = Path(f"/proc/{init_of(container_of(toolbox.pod))}/root")
    assert list((root / "recordings" / stage.namespace / "bare").iterdir()) == []
    stage.ask("bare", troubleshooterClassName=unrecorded, saveToDisk={"enabled": False}, state="Stopped")
    stage.wait_reason("bare", "Stopped", kind="Ended")
    assert stage.wait_reason("bare", "NotRequested", kind="Recorded")["status"] == "False"
    assert stage.wait_reason("bare", "NotRequested", kind="RecordingsRetained")["status"] == "False"
    assert stage.editor.get("pvc", "bare-recordings") is None


def test_life_is_extended_from_the_shell_as_far_as_the_class_allows(stage: Stage) -> None:
    toolbox = stage.start("longer", timeToLive="1h")
    granted = toolbox.run("shell", "--user=alice", "extend", "15m")
    assert (granted.returncode, granted.stderr.startswith(b"troubleshooter: this toolbox lives until")) == (
        0,
        True,
    ), granted.stderr
    status = stage.editor.json("get", "troubleshooter", "longer")["status"]
    assert status["resolved"]["timeToLive"] == "1h15m"
    assert status["expiresAt"].encode() in granted.stderr
    refused = toolbox.run("shell", "extend", "3h")
    assert refused.returncode == 1
    assert b"not granted: timeToLive 4h15m is above the 2h" in refused.stderr
