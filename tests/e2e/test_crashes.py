"""Killed from outside at its worst moment, a toolbox leaves recordings that open and say what happened.

Three toolboxes are killed while a flood runs through kubectl: a recorder, PID 1, and the pod as a whole.
"""

import hashlib
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from casts import Cast
from containers import container_of, init_of, process_of
from kubectl import condition, wait_until
from shelf import Shelf
from stage import Stage
from terminal import Terminal
from toolbox import Toolbox
from verdict import judge

RECORDER, AGENT, POD = "recorder", "agent", "pod"
FLOOD = "seq 1 100000000"
MANY = re.compile(r"\r\n[3-9]\d{4}\r\n")
GONE_SECONDS = 60
MEND_SECONDS = 20
KILLED = "its recorder was killed by signal 9"
LOST = "the recorder ended without a word (a lost node or a killed pod)"
CLIENT = b"troubleshooter: "


@pytest.fixture(scope="module")
def toolboxes(operator: None, stage: Stage) -> dict[str, Toolbox]:
    """All at once; each has recorded a whole session."""
    for name in (RECORDER, AGENT, POD):
        stage.ask(name)
    found = {name: stage.ready(name) for name in (RECORDER, AGENT, POD)}
    for toolbox in found.values():
        assert toolbox.run("shell", "--user=first", "-c", "echo whole").returncode == 0
    return found


@contextmanager
def flooded(toolbox: Toolbox) -> Iterator[Terminal]:
    """A session in the middle of a flood."""
    with toolbox.prompt("--user=victim") as terminal:
        terminal.sendline(FLOOD)
        terminal.expect(MANY)
        yield terminal


@pytest.mark.own_node
def test_recorder_that_is_killed_has_lost_nothing(stage: Stage, toolboxes: dict[str, Toolbox]) -> None:
    """Whatever kubectl showed is in the file; marker, summary, status and condition say how it ended."""
    toolbox, shelf = toolboxes[RECORDER], stage.shelf(RECORDER)
    with flooded(toolbox) as terminal:
        os.kill(process_of(container_of(toolbox.pod), "tshoot-recorder"), signal.SIGKILL)
        assert terminal.wait() == 70
    assert CLIENT + b"the recorder of this session died; what it wrote is kept" in terminal.shown
    torn = mended(shelf)
    assert_lost_nothing(torn, terminal, KILLED)
    stage.ask(RECORDER, state="Stopped")
    assert_ended(stage, RECORDER, "Stopped", recorded="Truncated")
    assert "1 of the recordings ended early" in recorded(stage, RECORDER)["message"]
    assert_told(stage, RECORDER, shelf.casts())


@pytest.mark.own_node
def test_agent_that_is_killed_is_mended_by_the_next_run(stage: Stage, toolboxes: dict[str, Toolbox]) -> None:
    """With PID 1 the container dies, and nobody is left to say why: the next agent on the volume does."""
    toolbox = toolboxes[AGENT]
    with flooded(toolbox) as terminal:
        os.kill(init_of(container_of(toolbox.pod)), signal.SIGKILL)
        assert terminal.wait() == 137
    assert_ended(stage, AGENT, "AgentFailed", recorded="Truncated")
    again = stage.start(AGENT, run=2)
    shelf = stage.shelf(AGENT)
    torn = mended(shelf)
    assert_lost_nothing(torn, terminal, LOST)
    assert torn.header["troubleshooter"]["run"] == torn.summary["run"] == 1
    assert again.run("shell", "-c", "echo works").stdout == b"works\n"
    first, *_ = shelf.casts()
    assert (first.shown, first.markers[-1]) == ("whole\n", "session ended: exit status 0")


def test_pod_that_is_deleted_by_force_leaves_all_it_has_shown(
    stage: Stage, toolboxes: dict[str, Toolbox]
) -> None:
    """Gone from the API at once, without a report, so what became of its recordings is not certain there."""
    with flooded(toolboxes[POD]) as terminal:
        stage.editor.run("delete", "pod", POD, "--grace-period=0", "--force")
        terminal.wait(timeout=GONE_SECONDS)
    assert_ended(stage, POD, "PodDeleted", recorded="Truncated")
    stage.start(POD, run=2)
    assert_lost_nothing(mended(stage.shelf(POD)), terminal, LOST, "pod deleted")


def mended(shelf: Shelf) -> Cast:
    """The recording of the flood, as soon as its summary is there."""

    def look() -> Cast | None:
        (found,) = [cast for cast in shelf.casts() if FLOOD in cast.shown]
        return found if found.path.with_suffix(".json").exists() else None

    found = wait_until(look, timeout=MEND_SECONDS, what="the summary of the flood")
    assert found is not None
    return found


def assert_lost_nothing(cast: Cast, terminal: Terminal, *whys: str) -> None:
    """The reference player opens it, and prints first what the person had seen."""
    verdict = judge(cast.path, seen(terminal), {why: why in {KILLED, LOST} for why in whys})
    assert verdict.is_good, verdict
    assert len(seen(terminal)) > 100_000
    assert cast.play() == 0


def seen(terminal: Terminal) -> bytes:
    """What came out of the session: the rest is the client's, or kubectl's."""
    return re.split(rb"troubleshooter: |command terminated with exit code|error: ", terminal.shown)[0]


def assert_ended(stage: Stage, name: str, reason: str, *, recorded: str) -> None:
    """For this reason, and this is known of its recordings."""
    assert stage.wait_reason(name, reason, kind="Ended", timeout=GONE_SECONDS)["status"] == "True"
    stage.editor.wait_gone("pod", name, timeout=GONE_SECONDS)
    found = condition(stage.editor.json("get", "troubleshooter", name), "Recorded")
    assert found["reason"] == recorded


def recorded(stage: Stage, name: str) -> dict[str, Any]:
    return condition(stage.editor.json("get", "troubleshooter", name), "Recorded")


def assert_told(stage: Stage, name: str, casts: list[Cast]) -> None:
    """The resource knows of each recording, with its hash."""
    status = stage.editor.json("get", "troubleshooter", name)["status"]
    files = {cast.id: hashlib.sha256(cast.path.read_bytes()).hexdigest() for cast in casts}
    assert {session["id"]: session["sha256"] for session in status["sessions"]} == files
    assert status["sessionCount"] == len(casts)
