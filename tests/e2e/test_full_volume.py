"""A volume that fills up: what cannot be recorded ends or does not begin, and everybody is told why."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from casts import Cast
from containers import container_of, init_of
from harness import Cluster
from kubectl import Watch, condition
from shelf import open_shelf
from small_volume import small_claim
from stage import Stage
from toolbox import Toolbox

pytestmark = [pytest.mark.own_node, pytest.mark.usefixtures("operator")]

CLAIM = "small"
NAME = "full"
FILL = "head -c 64M /dev/zero >/recordings/fill"
REMEDY = "(make the claim larger where its class allows that, or use another claimName)"
END_SECONDS = 90  # of which 20 pass between the first and the third look at the volume


def test_full_volume_ends_the_session_then_the_toolbox(cluster: Cluster, stage: Stage) -> None:
    """Terminal, exit status, recording, container and conditions say so, and what helps."""
    with small_claim(cluster, stage.admin, CLAIM, "4m"), stage.admin.watch("pods") as pods:
        toolbox = stage.start(NAME, saveToDisk={"claimName": CLAIM})
        fill_up(toolbox)
        refuse(toolbox)
        stage.wait_reason(NAME, "RecordingFailed", kind="Ended", timeout=END_SECONDS)
        ended = last_state(pods)
        assert ended["exitCode"] == 74
        assert json.loads(ended["message"])["reason"] == "RecordingFailed"
        asked = stage.editor.json("get", "troubleshooter", NAME)
        assert condition(asked, "Recorded")["reason"] == "Failed"
        cast = open_shelf(stage.admin, CLAIM, stage.folder).new_cast()
    assert_recorded_to_its_end(cast, asked)


def fill_up(toolbox: Toolbox) -> None:
    """A session fills the volume that it is recorded on, and ends with the sentence as soon as it prints."""
    with toolbox.prompt() as terminal:
        terminal.sendline(f"{FILL}; seq 1 100000")
        assert terminal.wait() == 74
    said = terminal.shown.decode()
    assert "this session ended, since it can no longer be recorded: cannot write the recording" in said
    assert REMEDY in said


def refuse(toolbox: Toolbox) -> None:
    """No shell opens, and nothing of it runs."""
    result = toolbox.run("shell", "-c", "touch /home/ran; echo ran")
    assert (result.returncode, result.stdout) == (74, b"")
    assert b"no shell without a recording: cannot write the recording /recordings/" in result.stderr
    assert REMEDY.encode() in result.stderr
    home = Path("/proc", str(init_of(container_of(toolbox.pod))), "root", "home")
    assert (home.is_dir(), (home / "ran").exists()) == (True, False)


def last_state(pods: Watch) -> dict[str, Any]:
    """How the container ended; the operator removes the pod soon after."""
    states = [
        status["state"]["terminated"]
        for _, seen in pods.events()
        if seen["metadata"]["name"] == NAME
        for status in seen["status"].get("containerStatuses", [])
        if "terminated" in status["state"]
    ]
    found: dict[str, Any] = states[-1]
    return found


def assert_recorded_to_its_end(cast: Cast, asked: Any) -> None:
    """The session that filled the volume: the room that was kept took its last marker and its summary."""
    why = cast.summary["why"]
    assert why.startswith("cannot write the recording /recordings/")
    assert why.endswith(REMEDY)
    assert cast.markers[-1] == f"session ended: {why}"
    assert FILL in cast.shown
    assert cast.play() == 0
    assert (cast.summary["exitCode"], cast.summary["failure"]) == (74, why)
    (session,) = asked["status"]["sessions"]
    sha256 = hashlib.sha256(cast.path.read_bytes()).hexdigest()
    assert (session["exitCode"], session["sha256"], cast.summary["sha256"]) == (74, sha256, sha256)
