"""Agent, operator and their clocks are cut off from each other: each ends the toolbox all the same."""

import hashlib
from typing import Any

import harness
import operator_deployment
import pytest
from blocked_port import blocked
from kubectl import Kubectl, condition, wait_until
from stage import Stage
from toolbox import Toolbox

pytestmark = [pytest.mark.timing, pytest.mark.usefixtures("operator")]

METRICS_PORT = 9464
ASKED_AGAIN_SECONDS = 30


def test_reports_that_never_come_change_nothing_in_the_end(
    stage: Stage, admin: Kubectl, cluster: harness.Cluster
) -> None:
    """The agent's port is blocked for the operator all the time: same reason, sessions and hashes."""
    heard = stage.start("heard")
    (operator,) = operator_deployment.pods(admin)
    source, open_to = operator["status"]["podIP"], heard.pod["status"]["podIP"]
    with blocked(cluster, METRICS_PORT, source=source, but_for=open_to) as block:
        unheard = stage.start("unheard")
        for toolbox in (heard, unheard):
            work_in(toolbox)
        before = block.dropped()
        wait_until(lambda: block.dropped() > before, timeout=ASKED_AGAIN_SECONDS, what="a dropped question")
        stage.editor.wait_for("troubleshooter", "heard", has_sessions, timeout=ASKED_AGAIN_SECONDS)
        assert not has_sessions(stage.editor.json("get", "troubleshooter", "unheard"))
        for toolbox in (heard, unheard):
            stage.ask(toolbox.name, state="Stopped")
        expected = ("Stopped", "Complete", [("ben", 3), ("ann", 0)])
        assert [end_of(stage, name) for name in ("heard", "unheard")] == [expected, expected]


def work_in(toolbox: Toolbox) -> None:
    assert toolbox.run("shell", "--user=ann", "-c", "echo one").returncode == 0
    assert toolbox.run("shell", "--user=ben", "-c", "echo two; exit 3").returncode == 3


def has_sessions(asked: Any) -> bool:
    return len(asked["status"].get("sessions", [])) == 2


def end_of(stage: Stage, name: str) -> tuple[str, str, list[tuple[str, int]]]:
    """Reason, what is known of the recordings, and users with exit codes; each hash is that of the file."""
    stage.editor.wait_condition("troubleshooter", name, "Ended", timeout=60)
    stage.editor.wait_gone("pod", name, timeout=30)
    asked = stage.editor.json("get", "troubleshooter", name)
    sessions = asked["status"]["sessions"]
    hashes = {session["id"]: session["sha256"] for session in sessions}
    casts = stage.shelf(name).casts()
    assert hashes == {cast.id: hashlib.sha256(cast.path.read_bytes()).hexdigest() for cast in casts}
    told = stage.volume_of(f"{name}-recordings")["metadata"]["annotations"]["troubleshooter.sh/chain"]
    assert told == chain_of([session["sha256"] for session in reversed(sessions)])  # newest first
    work = [(session["user"], session["exitCode"]) for session in sessions]
    return condition(asked, "Ended")["reason"], condition(asked, "Recorded")["reason"], work


def chain_of(hashes: list[str]) -> str:
    chain = ""
    for sha256 in hashes:
        chain = hashlib.sha256((chain + sha256).encode()).hexdigest()
    return chain
