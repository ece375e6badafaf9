"""Agent and image in a pod written by hand: what the recording needs is theirs, nothing the operator's."""

import json
from typing import Any

from casts import Cast
from handwritten import claim, pod, start_by_hand
from stage import Stage
from toolbox import Toolbox


def test_a_shell_is_recorded_and_replayed_after_its_toolbox_has_gone(stage: Stage) -> None:
    """From exec to playback: size, exit status, cast on the volume, the reference player's opinion."""
    toolbox = start_by_hand(stage.editor, "byhand")
    with toolbox.prompt("--user=alice", cols=100, rows=30) as terminal:
        terminal.sendline("stty size; exit 0")
        assert terminal.wait() == 0
    stage.editor.run("delete", "pod", "byhand")
    cast = stage.shelf("byhand").new_cast()
    assert b"this shell is recorded as alice" in terminal.shown
    assert b"30 100\r\n" in terminal.shown
    assert cast.cat() == terminal.shown
    assert cast.play() == 0
    assert (cast.header["width"], cast.header["height"]) == (100, 30)
    assert cast.markers == ["recording started", "session ended: exit status 0"]


def test_idleness_and_life_time_end_shell_and_container(stage: Stage) -> None:
    """One toolbox without a key, one at work: terminal, termination message and recording say why."""
    living = start_by_hand(stage.editor, "living", time_to_live="12s")
    with living.prompt() as busy:
        busy.sendline("while sleep 0.2; do printf .; done")
        idle = start_by_hand(stage.editor, "idle", idle_timeout="3s")
        with idle.shell() as forgotten:
            assert forgotten.wait() == 124
        assert busy.wait() == 124
    assert b"this toolbox has ended: idle for 3s" in forgotten.shown
    assert b"this toolbox has ended: time to live of 12s reached" in busy.shown
    assert last_words(idle)["reason"] == "IdleTimeout"
    assert last_words(living)["reason"] == "TimeToLiveReached"
    assert last_marker(stage.shelf("idle").new_cast()) == "session ended: idle for 3s"
    assert last_marker(stage.shelf("living").new_cast()) == "session ended: time to live of 12s reached"


def test_no_shell_opens_before_the_volume_is_known_to_be_kept(stage: Stage) -> None:
    """The pod is not ready, and a shell waits for the annotation that the operator will write."""
    stage.editor.apply(claim("early"), pod("early", {"recordings_retained": ""}))
    stage.editor.wait_for("pod", "early", lambda pod: pod["status"]["phase"] == "Running", timeout=60)
    with Toolbox(stage.editor, "early").shell() as terminal:
        terminal.expect("waiting until the volume of the recordings is known to be retained")
        stage.editor.run(
            "annotate", "pod", "early", "--overwrite", "troubleshooter.sh/recordings-retained=yes"
        )
        terminal.expect("this shell is recorded")
        terminal.sendline("exit")
        assert terminal.wait() == 0


def last_words(toolbox: Toolbox) -> dict[str, Any]:
    """The termination message, once the container has ended, with the exit code of a planned end."""
    pod = toolbox.user.wait_for(
        "pod", toolbox.name, lambda pod: pod["status"]["phase"] == "Succeeded", timeout=30
    )
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 0
    message: dict[str, Any] = json.loads(ended["message"])
    return message


def last_marker(cast: Cast) -> str:
    assert cast.events[-1][1] == "m"
    return cast.markers[-1]
