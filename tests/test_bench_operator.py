"""`make bench-operator`: its page has every figure, and what it counts is what was asked."""

import json
from pathlib import Path

import audit
import operator_page
import page
import pytest
from audit import Audit
from figures import Row, at_most

CHECKOUT = Path(__file__).parents[1]
ASKED_FOR = (
    "created to Pod created, idle cluster, p50",
    "created to Pod created, idle cluster, p99",
    "API requests for one whole life",
    "1,000 Troubleshooters created at once: all pods created within",
    "API requests a minute with 1,000 running in which nobody types",
    "memory (Pss) of the operator with 1,000 running",
    "restart with 1,000 running: until every one is reconciled",
    "1,000 past their end, agents dead: worst lateness of the operator's decision",
)
WHO = "system:serviceaccount:troubleshooter-system:troubleshooter-operator"


def test_the_page_in_the_documents_has_every_figure() -> None:
    """It was not written by a short run."""
    committed = CHECKOUT / "docs" / "benchmarks.md"
    assert figures_of(committed) >= set(ASKED_FOR)
    assert "BENCH=short" not in committed.read_text()


def figures_of(path: Path) -> set[str]:
    """The first column of all tables of a page."""
    lines = path.read_text().splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith("| ")}


def line(number: int, **more: object) -> str:
    """One of the audit log."""
    event = {
        "auditID": str(number),
        "user": {"username": WHO},
        "verb": "get",
        "objectRef": {"resource": "pods", "name": f"web-{number}"},
        "requestReceivedTimestamp": "2026-11-22T18:40:03.000000Z",
        "stageTimestamp": "2026-11-22T18:40:03.250000Z",
        "responseStatus": {"code": 200},
    }
    return json.dumps(event | more) + "\n"


def test_each_request_counts_once_whoever_asks_how_often(tmp_path: Path) -> None:
    """A watch has two lines, and what is half written is read when it is whole."""
    log = tmp_path / "audit.log"
    pods = {"resource": "pods"}
    last = line(3)
    log.write_text(
        line(1) + line(2, verb="watch", objectRef=pods) + line(2, verb="watch", objectRef=pods) + last[:40]
    )
    found = Audit(log)
    assert [(each.verb, each.name, each.follows) for each in found.read()] == [
        ("get", "web-1", False),
        ("watch", "", True),
    ]
    with log.open("a") as file:
        file.write(last[40:] + line(4, user={"username": "alice"}))
    assert [each.name for each in found.of(WHO, lambda each: not each.follows)] == ["web-1", "web-3"]


def test_a_request_says_when_it_came_and_was_answered() -> None:
    """To the microsecond, which Date headers cannot tell."""
    found = audit.request(json.loads(line(1, objectRef={"resource": "pods", "subresource": "status"})))
    assert (found.resource, found.received, found.answered) == ("pods/status", 1795372803.0, 1795372803.25)


@pytest.mark.parametrize(
    ("annotations", "ends"),
    [
        ({"troubleshooter.sh/end": "TimeToLiveReached"}, True),
        ({"troubleshooter.sh/time-to-live": "1h"}, False),
    ],
)
def test_a_patch_that_ends_a_toolbox_is_told_from_others(annotations: dict[str, str], ends: bool) -> None:  # noqa: FBT001 - a table's column
    """By the annotation that the agent reads."""
    body = {"metadata": {"annotations": annotations}}
    assert audit.request(json.loads(line(1, verb="patch", requestObject=body))).ends is ends


def test_each_part_of_the_page_is_written_without_the_other() -> None:
    """`make bench` and `make bench-operator` run at different times."""
    ours = operator_page.part(
        [Row("a", "", "ms", (1.0, 3.0, 2.0), at_most(150), at_most(1))],
        {"machine": "a stone"},
        command="make bench-operator",
        date="2026-11-22",
    )
    assert "| a | ≤ 150 | ≤ 1 | 2 | ms | 1 to 3 | must |\n" in ours
    both = operator_page.replaced("# Measured\n\nold\n", ours)
    assert both == f"# Measured\n\nold\n\n{ours}"
    assert operator_page.replaced(both, ours) == both
    assert page.replaced(both, "# Measured\n\nnew\n") == f"# Measured\n\nnew\n\n{ours}"
    assert page.replaced("", "# Measured\n\nnew\n") == "# Measured\n\nnew\n"
