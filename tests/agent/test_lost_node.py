"""A node that is lost takes at most the last second of what people saw; the rest opens and says so.

A real disk that forgets what was not synced (power.py); two instants, more in `make soak`.
"""

import random
from pathlib import Path

import pytest
from power import lose_a_node
from storm import LOST


@pytest.mark.parametrize("seed", [1, 2])
def test_of_a_lost_node_a_second_at_most_is_missing(tmp_path: Path, seed: int) -> None:
    losses = lose_a_node(tmp_path, random.Random(seed))  # noqa: S311 - the same on every machine
    assert [loss.unopened for loss in losses] == ["", "", ""]
    assert [loss.last_marker for loss in losses] == [f"session ended: {LOST}"] * 3
    assert all(loss.relayed > loss.lost for loss in losses)
    assert any(loss.lost for loss in losses), "the disk has lost nothing, so nothing was tried"
    assert max(loss.seconds for loss in losses) < 1.0
