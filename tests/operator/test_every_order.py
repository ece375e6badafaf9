"""In every order of what may happen the promises hold (every_order), and what such orders have found."""

from collections.abc import Callable
from typing import Any

import pytest
from every_order import EveryOrder, condition, orders
from modelled_api import KilledError, ModelledApi
from modelled_cluster import ModelledCluster
from modelled_operator import ModelledOperator
from resource_objects import NOW

from troubleshooter_agent.contract import ANNOTATION_RUN
from troubleshooter_operator.kinds import annotations

EveryOrderTest: Callable[..., Any] = pytest.mark.property(EveryOrder.TestCase)
EveryOrder.TestCase.settings = orders(examples=150, steps=40)


def looked_until_quiet(operator: ModelledOperator) -> int:
    """How often the operator looked by itself; ten times are too many."""
    looks = 0
    while operator.is_due() and looks < 10:
        operator.look()
        looks += 1
    return looks


def test_a_toolbox_becomes_ready_though_nobody_reaches_its_port() -> None:
    """The volume is kept once the container runs already; then no watch wakes the operator but for itself."""
    api = ModelledApi(NOW)
    world = ModelledCluster(api)
    world.create("Running")
    operator = ModelledOperator(api)
    operator.look()
    for act in (world.bind, world.accept_pod, world.start_container, operator.deliver_all):
        act()
    looks = looked_until_quiet(operator)
    asked = world.asked
    assert asked is not None
    assert (condition(asked, "Ready")["reason"], looks < 10) == ("ShellAvailable", True)


def test_the_next_run_begins_though_the_last_one_had_no_pod() -> None:
    """Nothing is left that could tell of its end, so the operator must look again by itself."""
    api = ModelledApi(NOW)
    world = ModelledCluster(api)
    world.create("Running")
    operator = ModelledOperator(api)
    operator.look()
    world.delete_pod()
    world.raise_run()
    operator.deliver_all()
    looked_until_quiet(operator)
    assert world.pod is not None
    assert annotations(world.pod)[ANNOTATION_RUN] == "2"


def test_a_claim_that_goes_before_its_pod_has_a_node_is_made_again() -> None:
    """Until then nothing protects it, and a pod without its claim is never scheduled."""
    api = ModelledApi(NOW)
    world = ModelledCluster(api)
    world.create("Running")
    operator = ModelledOperator(api)
    operator.look()
    for act in (world.delete_claim, operator.deliver_all, operator.look, world.bind, world.accept_pod):
        act()
    assert world.start_container()


def test_a_pod_that_lost_its_label_goes_though_the_operator_dies_once_it_has_told_the_end() -> None:
    """An ended run looks for its pod among those that it watches alone."""
    api = ModelledApi(NOW)
    world = ModelledCluster(api)
    world.create("Running")
    operator = ModelledOperator(api)
    operator.look()
    world.strip_label()
    world.change_spec("state", "Stopped")
    operator.deliver_all()
    api.kill_in, api.kill_after = 2, True  # the label, the Event, the status
    with pytest.raises(KilledError):
        operator.look()
    assert world.asked is not None
    assert condition(world.asked, "Ended")["reason"] == "Stopped"
    ModelledOperator(api).look()
    assert world.pod is None
