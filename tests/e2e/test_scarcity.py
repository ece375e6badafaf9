"""A session that uses up the toolbox's memory or disk ends alone, before kernel or kubelet end more."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from casts import Cast
from containers import container_of, init_of
from handwritten import IMAGE, claim, pod
from kubectl import condition, wait_until
from shelf import Shelf
from stage import Stage
from toolbox import Toolbox

MEMORY = "192Mi"
DISK = 64 << 20  # the size limit of /tmp in a pod written by hand
# `tail` keeps what it cannot show yet, some 40 MB a second; `dd` takes more than there is in one piece.
SLOWLY = "while :; do head -c 2M /dev/zero; sleep 0.05; done | tail -n 1"
AT_ONCE = "dd if=/dev/zero of=/dev/null bs=1G count=1"
OWNERLESS = "dd if=/dev/zero of=/dev/shm/fill bs=1M count=60"
LOST = "the recorder ended without a word (a lost node or a killed pod)"
WRITING = "while :; do head -c 1M /dev/zero >>/tmp/fill; sleep 0.05; done"
END_SECONDS = 60
IS_VERSION_2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()


@pytest.fixture(scope="module")
def toolbox(stage: Stage) -> Toolbox:
    """With less memory than usual, and with the limit of its /tmp told to the agent."""
    manifest = pod("scarce", {})
    (container,) = manifest["spec"]["containers"]
    container["args"] = ["--limit", f"/tmp={DISK}"]  # noqa: S108 - the pod's /tmp
    container["resources"] = {"limits": {"memory": MEMORY}}
    stage.editor.apply(claim("scarce"), manifest)
    stage.editor.wait_condition("pod", "scarce", "Ready", timeout=60)
    return Toolbox(stage.editor, "scarce")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (SLOWLY, r"it used the most memory \(\d+ MiB\) when the toolbox had 9\d % of its 192 MiB in use"),
        (WRITING, r"it wrote the most when /tmp had 9\d % of its 64 MiB in use"),
    ],
    ids=["memory", "disk"],
)
def test_greedy_session_ends_alone(toolbox: Toolbox, shelf: Shelf, command: str, why: str) -> None:
    """At nine tenths, with its reason in terminal, recording and exit status; another works on to its end."""
    with toolbox.prompt("--user=other") as other, toolbox.prompt("--user=greedy") as greedy:
        greedy.sendline(command)
        assert greedy.wait(timeout=END_SECONDS) == 124
        other.sendline("echo still here $((3+4)); exit 6")
        assert other.wait() == 6
    said = re.search(f"this session has ended: {why}; its recording is kept", greedy.shown.decode())
    assert said, greedy.shown[-500:]
    whole, ended = by_end(shelf)
    assert re.fullmatch(f"session ended: {why}", ended.markers[-1])
    assert (ended.summary["exitCode"], ended.summary["failure"]) == (124, None)
    assert whole.markers == ["recording started", "session ended: exit status 6"]
    assert ended.play() == whole.play() == 0
    assert used(toolbox) < DISK  # so there is nothing that the kubelet would evict the pod for
    assert toolbox.pod["status"]["phase"] == "Running"


@pytest.mark.skipif(IS_VERSION_2, reason="there the kubelet has all of a container killed, PID 1 too")
def test_kernel_that_is_faster_ends_a_program_and_no_recording(toolbox: Toolbox, shelf: Shelf) -> None:
    """It kills what takes the most; the session that started it goes on, as does the toolbox."""
    with toolbox.prompt("--user=other") as other, toolbox.prompt("--user=greedy") as greedy:
        greedy.sendline(f"{AT_ONCE}; echo status $?; exit 7")
        greedy.expect("Killed")
        greedy.expect("status 137\r\n")
        assert greedy.wait() == 7
        other.sendline("echo still here $((3+4)); exit 6")
        assert other.wait() == 6
    for cast, status in zip(by_end(shelf), (6, 7), strict=True):
        assert cast.markers == ["recording started", f"session ended: exit status {status}"]
        assert cast.play() == 0


@pytest.fixture
def narrow(operator: None, stage: Stage) -> Iterator[str]:
    """A class with room for the agent, and not for what a session may put into memory that has no owner."""
    name = f"{stage.namespace}-narrow"
    spec = {
        "images": {"default": IMAGE, "allowed": [IMAGE]},
        "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "80Mi"}},
        "security": {"fsGroup": 10001},
    }
    kind = {"apiVersion": "troubleshooter.sh/v1alpha1", "kind": "TroubleshooterClass"}
    stage.admin.apply({**kind, "metadata": {"name": name}, "spec": spec})
    yield name
    stage.admin.run("delete", "troubleshooterclass", name)


@pytest.mark.own_node
def test_agent_that_the_kernel_kills_is_out_of_memory(stage: Stage, narrow: str) -> None:
    """Nothing else has much to give, and it is told to look there first; the next run mends."""
    toolbox = stage.start("dying", troubleshooterClassName=narrow)
    with toolbox.prompt("--user=greedy") as greedy:
        agent = init_of(container_of(toolbox.pod))
        Path(f"/proc/{agent}/oom_score_adj").write_text("1000")
        greedy.sendline(OWNERLESS)
        assert greedy.wait() == 137
    stage.wait_reason("dying", "OutOfMemory", kind="Ended")
    asked = stage.editor.json("get", "troubleshooter", "dying")
    assert condition(asked, "Recorded")["reason"] == "Truncated"
    stage.start("dying", troubleshooterClassName=narrow, run=2)
    shelf = stage.shelf("dying")
    wait_until(lambda: any(".json" in name for name in shelf.files()), timeout=20, what="the summary")
    cast = shelf.new_cast()
    assert cast.markers[-1] == f"session ended: {LOST}"
    assert cast.summary["repaired"] is True
    assert OWNERLESS in cast.shown
    assert cast.play() == 0


def by_end(shelf: Shelf) -> list[Cast]:
    """The new recordings, by their exit status."""
    return sorted(shelf.new_casts(), key=lambda cast: int(cast.summary["exitCode"]))


def used(toolbox: Toolbox) -> int:
    """Bytes of /tmp, as the kubelet counts them."""
    return int(toolbox.run("du", "--summarize", "--block-size=1", "/tmp").stdout.split()[0])  # noqa: S108 - as above
