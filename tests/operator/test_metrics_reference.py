"""docs/metrics.md names each metric of the operator with its type and labels, and no other."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from troubleshooter_operator.metrics import ApiRequests, Metrics, Overview
from troubleshooter_operator.workqueue import WorkQueue

_ROW = re.compile(r"^\| `(\w+?)(?:_total)?` \| (\w+) \|", re.MULTILINE)
_REFERENCE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_reference_is_what_the_operator_tells() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    ApiRequests(registry)
    registry.register(Overview(list, list, lambda: 0, lambda: 0.0, dict))
    told = {(family.name, family.type) for family in registry.collect()}
    assert set(_ROW.findall(_REFERENCE.read_text())) == told


def test_a_look_that_fails_is_an_error() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for outcome in ("success", "retry", "error"):
        metrics.reconciled(outcome)
    metrics.took(0.5)
    assert registry.get_sample_value("troubleshooter_operator_reconcile_errors_total") == 2
    assert registry.get_sample_value("troubleshooter_operator_reconcile_duration_seconds_sum") == 0.5


def test_the_oldest_in_the_queue_counts_from_when_it_was_added() -> None:
    now = [100.0]
    queue = WorkQueue[str](clock=lambda: now[0])
    assert queue.oldest() == 0.0
    queue.add("first")
    now[0] = 103.0
    queue.add("second")
    queue.add("first")
    assert queue.oldest() == 3.0
