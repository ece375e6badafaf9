"""A node that is lost takes at most the last second of what people saw; the rest opens and says so.

A real disk that forgets what was not synced, or fails (power.py); two instants, more in `make soak`.
"""

import random
import time
from pathlib import Path

import pytest
from power import UNRECORDED, fail, lose_a_node, make_disk
from storm import LOST

from agent import running_agent


@pytest.mark.parametrize("seed", [1, 2])
def test_of_a_lost_node_a_second_at_most_is_missing(tmp_path: Path, seed: int) -> None:
    losses = lose_a_node(tmp_path, random.Random(seed))  # noqa: S311 - the same on every machine
    assert [loss.unopened for loss in losses] == ["", "", ""]
    assert [loss.last_marker for loss in losses] == [f"session ended: {LOST}"] * 3
    assert all(loss.relayed > loss.lost for loss in losses)
    assert any(loss.lost for loss in losses), "the disk has lost nothing, so nothing was tried"
    assert max(loss.seconds for loss in losses) < 1.0


def test_disk_that_fails_ends_the_session_and_shows_nothing_that_it_did_not_take(tmp_path: Path) -> None:
    """A real one: not even the summary can be written then, so /status and the last message tell."""
    image = make_disk(tmp_path)
    with running_agent(tmp_path, volume=str(image), time_to_live="1h", idle_timeout="1h") as agent:
        puppet = agent.puppet()
        puppet.write(b"seen")
        puppet.shell.expect("seen")
        fail(agent)
        began = time.monotonic()
        puppet.write(b"unseen" * 100)
        assert puppet.shell.wait() == 74
        assert time.monotonic() - began < 1.0
        assert b"unseen" not in puppet.shell.shown
        assert UNRECORDED in puppet.shell.shown
        assert b"Input/output error" in puppet.shell.shown
        status = agent.wait_until_closed(1)
        assert (status["recordingFailures"], status["sessions"][0]["exitCode"]) == (1, 74)
        agent.terminate()
        assert agent.wait() == 143
        assert agent.last_words()["recordingFailures"] == 1
