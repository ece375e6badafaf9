"""The operator killed right before and right after each request of a life, and its API server away for long.

A real API server, no node.
"""

import random
import threading
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
    is_end_unknown,
    live_through,
    live_undisturbed,
    verdict,
)
from life_stage import install, kubeconfig, running_proxy
from lives import a_life
from operator_process import process_of

pytestmark = pytest.mark.soak

POINTS = [crash for life in LIVES for crash in every_crash(life)]
CHOSEN = random.Random(5).sample(POINTS, soak.scaled(len(POINTS)))  # noqa: S311 - to be had again
AWAY_SECONDS = 60.0


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
    unknown = is_end_unknown(lived)
    note("crash", lives=1, killed=bool(lived.killed_at), ends_unknown=unknown, **asdict(found))
    assert found == UNHARMED, f"{lived.killed_at}: {lived.outcome} is not {wanted.outcome}"


def test_a_server_that_refuses_connections_for_a_minute(
    plane: ControlPlane, undisturbed: dict[str, Lived], tmp_path: Path
) -> None:
    """The toolbox ends meanwhile."""
    with running_proxy(plane) as proxy, a_life(plane) as life:
        with process_of(kubeconfig(plane, proxy, tmp_path), tmp_path / "operator.log"):
            life.ask()
            life.wait_available()
            proxy.close()
            life.end()
            life.wait_container_ended()
            threading.Event().wait(AWAY_SECONDS)
            proxy.open()
            life.wait_ended()
            assert life.outcome() == undisturbed["ended"].outcome
        assert proxy.made("pods") == 1
