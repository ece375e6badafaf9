"""The operator killed right before and right after each request of a whole life; real API server, no node."""

import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import soak
from control_plane import ControlPlane, running_control_plane
from crashes import (
    LIVES,
    UNHARMED,
    Crash,
    Lived,
    every_crash,
    live_through,
    live_undisturbed,
    verdict,
)
from lives import install

pytestmark = pytest.mark.soak

POINTS = [crash for life in LIVES for crash in every_crash(life)]
CHOSEN = random.Random(5).sample(POINTS, soak.scaled(len(POINTS)))  # noqa: S311 - to be had again


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        install(running)
        yield running


@pytest.fixture(scope="module")
def undisturbed(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lived]:
    return live_undisturbed(plane, tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("crash", CHOSEN, ids=str)
def test_an_operator_killed_at_a_request(
    crash: Crash,
    plane: ControlPlane,
    undisturbed: dict[str, Lived],
    tmp_path: Path,
    note: Callable[..., None],
) -> None:
    wanted = undisturbed[crash.life]
    lived = live_through(plane, tmp_path, crash)
    found = verdict(lived, wanted)
    note("crash", lives=1, killed=bool(lived.killed_at), **asdict(found))
    assert found == UNHARMED, f"{lived.killed_at}: {lived.outcome} is not {wanted.outcome}"
