"""An operator killed at a request, two of them at once, and restarts of API server and etcd change no end.

Here a few requests of a life, chosen by a seed; `make soak` tries each.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from api_client import Json
from control_plane import ControlPlane, Part, running_control_plane
from crashes import (
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
from lives import Life, a_life
from operator_process import process_of

SEED = 20261125
STARTED, SURELY_MADE = 12, {"ended": 30, "stopped-deleted": 54}  # requests: all lists and watches; a life's
SAMPLE = [
    crash
    for life, most in SURELY_MADE.items()
    for crash in random.Random(SEED).sample(every_crash(life)[2 * STARTED : 2 * most], 3)  # noqa: S311 - to be had again
]
PARTS: dict[str, Callable[[ControlPlane], Part]] = {
    "API server": lambda plane: plane.api_server,
    "etcd": lambda plane: plane.etcd,
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with running_control_plane(tmp_path_factory.mktemp("plane")) as running:
        install(running)
        yield running


@pytest.fixture(scope="module")
def undisturbed(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lived]:
    return live_undisturbed(plane, tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[ControlPlane]:
    """One whose parts may be killed."""
    with running_control_plane(tmp_path / "plane") as running:
        install(running)
        yield running


@pytest.fixture
def ended(undisturbed: dict[str, Lived]) -> Json:
    """The outcome of a life to its end by the agent's word."""
    return undisturbed["ended"].outcome


def test_undisturbed_lives_tell_their_ends(undisturbed: dict[str, Lived]) -> None:
    """What the others are compared with."""
    assert undisturbed["ended"].outcome["conditions"]["Ended"][:2] == ["True", "IdleTimeout"]
    assert undisturbed["stopped-deleted"].pods_made == 2
    assert undisturbed["stopped-deleted"].outcome["ends told"] == [
        "Run 1 ended: The run was stopped as asked for (ended from outside)"
    ]
    for lived in undisturbed.values():
        assert not is_end_unknown(lived)
        assert lived.outcome["policies"] == ["Retain"]
        assert lived.outcome["pods left"] == 0


@pytest.mark.parametrize("crash", SAMPLE, ids=str)
def test_an_operator_killed_at_a_request(
    crash: Crash, plane: ControlPlane, undisturbed: dict[str, Lived], tmp_path: Path
) -> None:
    wanted = undisturbed[crash.life]
    lived = live_through(plane, tmp_path, crash)
    assert lived.killed_at
    assert verdict(lived, wanted) == UNHARMED, f"{lived.killed_at}: {lived.outcome} is not {wanted.outcome}"


def test_two_operators_at_once(plane: ControlPlane, ended: Json, tmp_path: Path) -> None:
    """As while a node is cut off: each does the whole work, and neither does harm."""
    with running_proxy(plane) as proxy, a_life(plane) as life, ExitStack() as stack:
        config = kubeconfig(plane, proxy, tmp_path)
        for number in range(2):
            stack.enter_context(process_of(config, tmp_path / f"operator-{number}.log"))
        assert life.live() == ended
        assert proxy.made("pods") == 1


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_of_the_control_plane_that_is_killed_and_comes_back(
    part: Callable[[ControlPlane], Part], fragile: ControlPlane, ended: Json, tmp_path: Path
) -> None:
    """Once while the toolbox is being made, and once while its shell is available."""
    with running_proxy(fragile) as proxy, a_life(fragile) as life:
        with process_of(kubeconfig(fragile, proxy, tmp_path), tmp_path / "operator.log"):
            life.ask()
            restart(fragile, part(fragile), life)
            life.wait_available()
            restart(fragile, part(fragile), life)
            life.end()
            life.wait_ended()
            assert life.outcome() == ended
        assert proxy.made("pods") == 1


def restart(plane: ControlPlane, part: Part, life: Life) -> None:
    part.end()
    part.start()
    plane.wait_ready()
    life.api.close()
