"""Ten thousand long lives of a Troubleshooter, with everybody at work in every order: promises hold."""

from collections.abc import Callable

import pytest
import soak
from every_order import EveryOrder, orders
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

pytestmark = pytest.mark.soak

LIVES = soak.scaled(10_000)
ROUND = 500
STEPS = 80
ROUNDS = [min(ROUND, LIVES - start) for start in range(0, LIVES, ROUND)]


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_lives(number: int, note: Callable[..., None]) -> None:
    """Each round has its own seed, so that it can be had again."""

    @seed(number)
    class Lives(EveryOrder):
        pass

    run_state_machine_as_test(Lives, settings=orders(ROUNDS[number], STEPS))
    note("orders", lives=ROUNDS[number], promises_broken=0)
