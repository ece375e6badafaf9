"""Nodes that lose power at random instants; at most the last second of what people saw is missing."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import soak
from power import lose_a_node

pytestmark = pytest.mark.soak

NODES = soak.scaled(50)


@pytest.mark.parametrize("seed", range(NODES))
def test_lost_node(tmp_path: Path, seed: int, note: Callable[..., None]) -> None:
    losses = lose_a_node(tmp_path, random.Random(seed))  # noqa: S311 - to be had again
    unopened = [loss.unopened for loss in losses if loss.unopened]
    slowest = max(loss.seconds for loss in losses)
    note(
        "lost-node",
        nodes=1,
        casts=len(losses),
        unopened=len(unopened),
        relayed_bytes=sum(loss.relayed for loss in losses),
        lost_bytes=sum(loss.lost for loss in losses),
        slowest_seconds_lost=slowest,
    )
    assert unopened == []
    assert slowest < 1.0
