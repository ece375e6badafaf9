"""How toolboxes end by themselves, measured on their own clocks, with and without an operator.

The four of them are started at once and looked at one after the other, because each takes a minute or two.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import operator_deployment
import pytest
from casts import Cast
from kubectl import Kubectl, condition, wait_until
from stage import Stage
from terminal import Terminal
from toolbox import Toolbox

pytestmark = [pytest.mark.timing, pytest.mark.usefixtures("operator")]

IDLE, LIVING, LOST, UNATTENDED = "idle", "living", "lost", "unattended"
SPECS = {
    IDLE: {"idleTimeout": "1m", "purpose": "Nobody comes back"},
    LIVING: {"timeToLive": "1m"},
    LOST: {"idleTimeout": "1m"},
    UNATTENDED: {"timeToLive": "2m15s"},
}
# How long the machine has run, and after how many hundredths of a second of that PID 1 began.
AGE = "echo u''p=$(cut -d' ' -f1 /proc/uptime) pid1=$(cut -d' ' -f22 /proc/1/stat)"
FLOOD_LINES = 2_000_000
END_DEADLINE = 200
GONE_DEADLINE = 30


@dataclass(frozen=True)
class Scene:
    """The toolboxes that are about to end, and the terminals at two of them."""

    stage: Stage
    when_ready: dict[str, Any]
    idle: Terminal
    living: Terminal

    def ended(self, name: str, reason: str) -> Any:
        """The Troubleshooter once it has ended for that reason and its pod is gone."""
        self.stage.wait_reason(name, reason, kind="Ended", timeout=END_DEADLINE)
        self.stage.editor.wait_gone("pod", name, timeout=GONE_DEADLINE)
        return self.stage.editor.json("get", "troubleshooter", name)

    def recording(self, name: str) -> Cast:
        (cast,) = self.stage.shelf(name).casts()
        return cast


@pytest.fixture(scope="module")
def scene(stage: Stage) -> Iterator[Scene]:
    for name, spec in SPECS.items():
        stage.ask(name, **spec)
    toolboxes = {name: stage.ready(name) for name in SPECS}
    when_ready = {name: stage.editor.json("get", "troubleshooter", name) for name in SPECS}
    with ExitStack() as stack:
        living = stack.enter_context(toolboxes[LIVING].prompt())
        living.sendline(AGE)
        living.expect("\rup=")
        living.sendline("while sleep 0.5; do printf .; done")
        lose_the_client_in_a_flood(toolboxes[LOST])
        idle = stack.enter_context(toolboxes[IDLE].prompt())
        idle.sendline("printf 'be''gin'; sleep 2; printf done")
        idle.expect("begindone")
        idle.sendline("echo the last $((40+2)) keys")
        idle.expect("the last 42 keys")
        yield Scene(stage, when_ready, idle, living)


def lose_the_client_in_a_flood(toolbox: Toolbox) -> None:
    """Killed while the flood stands still, because this terminal takes no more of it."""
    with toolbox.prompt() as terminal:
        terminal.sendline(f"seq 1 {FLOOD_LINES}; echo the flood of $((1+1)) million is over")
        terminal.expect("\r\n1000\r\n")
        terminal.kill()
        assert terminal.wait() == -9
        assert b"flood of 2" not in terminal.shown


def test_a_toolbox_is_ready_in_under_30_seconds(scene: Scene) -> None:
    """With a warm image, four of them at once, from the resource's creation to Ready."""
    for asked in scene.when_ready.values():
        made = seconds(asked["metadata"]["creationTimestamp"])
        ready = condition(asked, "Ready")
        assert ready["status"] == "True"
        assert seconds(ready["lastTransitionTime"]) - made < 30


def test_time_to_live_ends_who_is_at_work(scene: Scene) -> None:
    """A minute after PID 1 began: warned in the terminal, told why, all within a second of the instant."""
    asked = scene.ended(LIVING, "TimeToLiveReached")
    assert scene.living.wait() == 124
    assert b"this toolbox ends in 10s, its time to live of 1m is nearly over" in scene.living.shown
    assert b"this toolbox has ended: time to live of 1m reached" in scene.living.shown
    cast = scene.recording(LIVING)
    up, begun = re.findall(r"up=([\d.]+) pid1=(\d+)", cast.shown)[0]
    age, looked_at = float(up) - int(begun) / 100, cast.time_of("\rup=")
    assert age + cast.time_of("ends in 10s") - looked_at == pytest.approx(50.0, abs=1.0)
    assert age + cast.events[-1][0] - looked_at == pytest.approx(60.0, abs=1.0)
    assert cast.events[-1][1:] == ("m", "session ended: time to live of 1m reached")
    assert seconds(asked["status"]["expiresAt"]) - seconds(asked["status"]["startedAt"]) == 60


def test_idleness_ends_who_went_away(scene: Scene) -> None:
    """A minute after the last key: warned in the terminal, told why, all within a second of the instant."""
    asked = scene.ended(IDLE, "IdleTimeout")
    assert scene.idle.wait() == 124
    assert b"idle: this toolbox ends in 10s; press any key to keep it" in scene.idle.shown
    assert b"this toolbox has ended: idle for 1m" in scene.idle.shown
    cast = scene.recording(IDLE)
    last_key = cast.time_of("the last 42 keys")
    assert cast.time_of("ends in 10s") - last_key == pytest.approx(50.0, abs=1.0)
    assert cast.events[-1][0] - last_key == pytest.approx(60.0, abs=1.0)
    assert cast.events[-1][1:] == ("m", "session ended: idle for 1m")
    assert scene.idle.shown == cast.cat() + b"command terminated with exit code 124\r\n"
    assert "idle for 1m" in condition(asked, "Ended")["message"]
    assert (condition(asked, "Ready")["status"], condition(asked, "Ready")["reason"]) == ("False", "Ended")
    assert condition(asked, "Recorded")["reason"] == "Complete"


def test_a_pause_is_as_long_in_the_recording_as_it_was(scene: Scene) -> None:
    """Two words, two seconds apart."""
    scene.ended(IDLE, "IdleTimeout")
    cast = scene.recording(IDLE)
    assert cast.time_of("begindone") - cast.time_of("\rbegin") == pytest.approx(2.0, abs=0.1)


def test_the_recordings_of_an_ended_toolbox_are_kept_and_say_whose_they_are(scene: Scene) -> None:
    """Claim bound, volume retained by the operator, both annotated; the chain hash is that of the file."""
    asked = scene.ended(IDLE, "IdleTimeout")
    claim = scene.stage.admin.json("get", "pvc", "idle-recordings")
    volume = scene.stage.volume_of("idle-recordings")
    sha256 = hashlib.sha256(scene.recording(IDLE).path.read_bytes()).hexdigest()
    assert claim["status"]["phase"] == "Bound"
    assert "ownerReferences" not in claim["metadata"]
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    kept = {"troubleshooter.sh/retained-by": "operator"}
    for thing, more in ((claim, {}), (volume, kept)):
        told = {
            key: text
            for key, text in thing["metadata"]["annotations"].items()
            if key.startswith("troubleshooter")
        }
        assert told == {
            "troubleshooter.sh/namespace": scene.stage.namespace,
            "troubleshooter.sh/name": "idle",
            "troubleshooter.sh/uid": asked["metadata"]["uid"],
            "troubleshooter.sh/requested-by": "alice",
            "troubleshooter.sh/purpose": "Nobody comes back",
            "troubleshooter.sh/run": "1",
            "troubleshooter.sh/end": "IdleTimeout",
            "troubleshooter.sh/started-at": asked["status"]["startedAt"],
            "troubleshooter.sh/ended-at": asked["status"]["endedAt"],
            "troubleshooter.sh/chain": hashlib.sha256(sha256.encode()).hexdigest(),
            **more,
        }
        assert thing["metadata"]["labels"]["troubleshooter.sh/recordings"] == "true"
    (session,) = asked["status"]["sessions"]
    assert (session["sha256"], session["exitCode"], session["user"]) == (sha256, 124, "alice")


def test_a_lost_client_loses_nothing_and_keeps_nothing_alive(scene: Scene) -> None:
    """kubectl killed in a flood: the program ran to its end, all is recorded, idle time ended the pod."""
    asked = scene.ended(LOST, "IdleTimeout")
    cast = scene.recording(LOST)
    flood, over, _ = cast.shown.partition("the flood of 2 million is over\r\n")
    is_complete = flood.endswith("\r" + "".join(f"{line}\r\n" for line in range(1, FLOOD_LINES + 1)))
    assert (is_complete, over) == (True, "the flood of 2 million is over\r\n")
    assert "terminal detached: it took nothing for 10s" in cast.markers
    assert cast.markers[-1] == "session ended: idle for 1m"
    assert condition(asked, "Recorded")["reason"] == "Complete"


def test_without_an_operator_a_toolbox_ends_in_time_all_the_same(scene: Scene, admin: Kubectl) -> None:
    """The container ends by its own clock; pod and conditions follow when the operator is back."""
    stage = scene.stage
    with operator_deployment.absent(admin):
        pod = stage.editor.wait_for("pod", UNATTENDED, has_ended, timeout=END_DEADLINE)
        assert condition(stage.editor.get("troubleshooter", UNATTENDED), "Ready")["status"] == "True"
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert seconds(state["finishedAt"]) - seconds(state["startedAt"]) == pytest.approx(135, abs=2)
    asked = scene.ended(UNATTENDED, "TimeToLiveReached")
    assert asked["status"]["endedAt"] == state["finishedAt"]
    assert stage.volume_of("unattended-recordings")["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_an_end_is_told_as_an_event(scene: Scene) -> None:
    """For those who look with `kubectl describe`."""
    scene.ended(IDLE, "IdleTimeout")
    of_the_idle = "--field-selector=involvedObject.kind=Troubleshooter,involvedObject.name=idle"

    def reasons() -> list[str]:
        return [event["reason"] for event in scene.stage.editor.json("get", "events", of_the_idle)["items"]]

    wait_until(lambda: "IdleTimeout" in reasons(), timeout=10, what="the event")
    assert reasons().count("IdleTimeout") == 1


def has_ended(pod: Any) -> bool:
    return pod["status"]["phase"] in {"Succeeded", "Failed"}


def seconds(instant: str) -> float:
    """An instant of the API server in seconds since the epoch."""
    return datetime.fromisoformat(instant).timestamp()
