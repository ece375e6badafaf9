"""A Replay reads what a toolbox recorded that is gone, lets nobody work, changes nothing, and ends by itself.

It and another, to which nobody comes, are made at once, because that one takes a minute to end.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from kubectl import Result, condition
from shelf import Shelf
from stage import READY_DEADLINE, Stage, replay

pytestmark = [pytest.mark.timing, pytest.mark.usefixtures("operator")]

IDLE = "nobody-comes"
END_DEADLINE = 120


@dataclass(frozen=True)
class Scene:
    """Troubleshooter `web` is gone; Replay `look` reads what it recorded."""

    stage: Stage
    before: dict[str, bytes]  # what was on the volume

    def read(self, *words: str) -> Result:
        """`kubectl exec` of a reading, as alice."""
        reading = ("shell", "--user=alice", "--", "troubleshooter-agent", *words)
        return self.stage.editor.attempt("exec", "look", "--", *reading)

    def reason(self, name: str, kind: str) -> Any:
        return condition(self.stage.editor.json("get", "replay", name), kind)["reason"]


@pytest.fixture(scope="module")
def scene(operator: None, stage: Stage) -> Scene:
    toolbox = stage.start("web", purpose="Who answers?")
    assert toolbox.run("shell", "--user=alice", "-c", "echo the answer is $((6*7))").returncode == 0
    stage.editor.run("delete", "troubleshooter", "web")
    stage.editor.wait_gone("pod", "web", timeout=60)
    before = on_the_volume(stage.shelf("web"))
    stage.editor.apply(
        replay("look", {"troubleshooterName": "web"}),
        replay(IDLE, {"claimName": "web-recordings", "idleTimeout": "1m"}),
    )
    for name in ("look", IDLE):
        stage.editor.wait_condition("replay", name, "Ready", timeout=READY_DEADLINE)
    return Scene(stage, before)


def on_the_volume(shelf: Shelf) -> dict[str, bytes]:
    return {name: (shelf.folder / name).read_bytes() for name in shelf.files()}


def test_what_was_recorded_is_listed_shown_found_and_proven(scene: Scene) -> None:
    """By an editor of the namespace, whom nobody has given anything."""
    (recording,) = [json.loads(line) for line in scene.read("list", "--json").stdout.splitlines()]
    told = {name: recording[name] for name in ("namespace", "name", "user", "purpose", "state", "exitCode")}
    assert told == {
        "namespace": scene.stage.namespace,
        "name": "web",
        "user": "alice",
        "purpose": "Who answers?",
        "state": "ended",
        "exitCode": 0,
    }
    assert "the answer is 42" in scene.read("cat", recording["id"]).stdout
    (found,) = [
        json.loads(line) for line in scene.read("search", "answer is 42", "--json").stdout.splitlines()
    ]
    assert (found["id"], found["line"]) == (recording["id"], "the answer is 42")
    assert scene.read("verify").returncode == 0


def test_it_is_told_whose_recordings_these_are_and_who_asked(scene: Scene) -> None:
    status = scene.stage.editor.json("get", "replay", IDLE)["status"]
    told = [status[name] for name in ("recordingsOf", "claimName", "requestedBy")]
    assert [*told, status["resolved"]["idleTimeout"]] == [
        f"{scene.stage.namespace}/web",
        "web-recordings",
        "alice",
        "1m",
    ]


@pytest.mark.parametrize(
    "words", [("shell", "--user=alice"), ("shell", "--user=alice", "-c", "id"), ("id",)], ids=" ".join
)
def test_nothing_else_can_be_run_in_it(scene: Scene, words: tuple[str, ...]) -> None:
    """Neither by an editor nor by the administrator of the cluster."""
    for who in (scene.stage.editor, scene.stage.admin):
        refused = who.attempt("exec", "look", "--", *words)
        assert refused.returncode != 0
        assert "Replay look is there to read recordings, and no shell opens in it" in refused.stderr


def test_a_toolbox_records_on_the_same_volume_meanwhile(scene: Scene) -> None:
    toolbox = scene.stage.start("web")
    assert toolbox.run("shell", "--user=alice", "-c", "echo once more").returncode == 0
    recordings = [json.loads(line) for line in scene.read("list", "--json").stdout.splitlines()]
    assert len(recordings) == 2
    scene.stage.editor.run("delete", "troubleshooter", "web", "--wait=false")


def test_to_whom_nobody_comes_it_ends_by_itself(scene: Scene) -> None:
    ended = scene.stage.editor.wait_for(
        "replay",
        IDLE,
        lambda found: condition(found, "Ended").get("status") == "True",
        timeout=END_DEADLINE,
    )
    assert condition(ended, "Ended")["reason"] == "IdleTimeout"
    assert condition(ended, "Ready")["reason"] == "Ended"
    scene.stage.editor.wait_gone("pod", IDLE, timeout=30)
    assert scene.reason("look", "Ready") == "ReplayAvailable"


def test_what_was_recorded_is_as_it_was(scene: Scene) -> None:
    """After all these readings."""
    now = on_the_volume(scene.stage.shelf("web"))
    casts = {name: data for name, data in scene.before.items() if name.endswith((".cast", ".json"))}
    assert casts
    assert casts.items() <= now.items()


def test_one_that_is_deleted_leaves_nothing_but_the_recordings(scene: Scene) -> None:
    scene.stage.editor.run("delete", "replay", "look")
    scene.stage.editor.wait_gone("pod", "look", timeout=60)
    assert scene.stage.admin.get("pvc", "web-recordings") is not None
