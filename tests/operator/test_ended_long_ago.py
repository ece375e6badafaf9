"""What becomes of an ended Troubleshooter: it goes one day, and does not start again by accident."""

from dataclasses import replace
from typing import Any

import pytest
from resource_objects import NOW, OWNER, claim, ended_status, offer, pod, running, troubleshooter, volume

from troubleshooter_operator.actions import CreatePod, DeleteTroubleshooter
from troubleshooter_operator.appliers import is_applied
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.world import Plan, World

TOLD = {
    "troubleshooter.sh/run": "1",
    "troubleshooter.sh/started-at": "2026-11-22T18:40:03Z",
    "troubleshooter.sh/ended-at": "2026-11-22T18:59:00Z",
    "troubleshooter.sh/end": "IdleTimeout",
}
END = NOW + 19 * 60 - 3  # 18:59:00
WEEK = 7 * 24 * 3600
OVER = World(
    classes=(offer(),),
    claim=claim(annotations=TOLD),
    volume=volume(annotations=claim(annotations=TOLD)["metadata"]["annotations"]),
)
HELM = {"meta.helm.sh/release-name": "tools"}
FLUX = [{"manager": "kustomize-controller", "operation": "Apply"}]
VELERO = {"velero.io/restore-name": "monday"}


def look(now: float, world: World = OVER, status: Any = None, spec: Any = None, **metadata: Any) -> Plan:
    return plan(parse(troubleshooter(spec, status or ended_status(), **metadata)), world, now)


def of_class(**spec: Any) -> World:
    return replace(OVER, classes=(offer(spec),))


def deletions(planned: Plan) -> list[DeleteTroubleshooter]:
    return [action for action in planned.after if isinstance(action, DeleteTroubleshooter)]


@pytest.mark.parametrize(
    ("world", "due"),
    [(OVER, END + WEEK), (of_class(keepEnded="24h"), END + 24 * 3600)],
    ids=["a week by default", "as the class says"],
)
def test_it_goes_when_the_class_has_kept_it_long_enough(world: World, due: float) -> None:
    before = look(due - 1, world)
    assert (deletions(before), before.look_again) == ([], due)
    assert deletions(look(due, world)) == [DeleteTroubleshooter("default", "web", OWNER, "50")]


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": HELM},
        {"labels": VELERO},
        {"managedFields": FLUX},
        {"deletionTimestamp": "2026-11-30T00:00:00Z"},
    ],
    ids=["Helm", "a restored backup", "an applier's fields", "it goes already"],
)
def test_what_would_come_back_stays(metadata: Any) -> None:
    planned = look(END + 2 * WEEK, **metadata)
    assert (deletions(planned), planned.look_again) == ([], None)


@pytest.mark.parametrize(
    "world",
    [replace(OVER, pod=pod(running())), replace(OVER, classes=()), replace(OVER, claim=claim())],
    ids=["its pod is not gone", "no class says how long", "the claim does not tell the end yet"],
)
def test_it_does_not_go_before_all_is_settled(world: World) -> None:
    assert deletions(look(END + 2 * WEEK, world)) == []


@pytest.mark.parametrize(
    ("metadata", "applied"),
    [
        ({}, False),
        ({"managedFields": [{"manager": "kubectl-create", "operation": "Update"}]}, False),
        ({"managedFields": [{"manager": "kubectl", "operation": "Apply"}]}, False),
        ({"managedFields": FLUX}, True),
        ({"managedFields": [{"manager": "argocd-controller", "operation": "Update"}]}, True),
        ({"annotations": HELM}, True),
        ({"labels": VELERO}, True),
    ],
)
def test_an_applier_is_told_by_what_it_leaves(metadata: Any, applied: bool) -> None:  # noqa: FBT001 - a table
    assert is_applied(troubleshooter(**metadata)) is applied


def fresh(world: World, spec: Any = None, **metadata: Any) -> Plan:
    """Without a status, as a backup brings it back."""
    return plan(parse(troubleshooter(spec, None, **metadata)), world, END + 60)


@pytest.mark.parametrize(
    "metadata",
    [{}, {"uid": "other", "labels": VELERO}, {"uid": "other", "managedFields": FLUX}],
    ids=["the same uid", "restored under another uid", "made anew by an applier"],
)
def test_what_has_ended_stays_ended_although_its_status_is_lost(metadata: Any) -> None:
    planned = fresh(OVER, **metadata)
    assert planned.before == ()
    assert planned.run is not None
    assert (planned.run.number, planned.run.ended_at) == (1, "2026-11-22T18:59:00Z")
    assert planned.run.ended is not None
    assert planned.run.ended.reason == "IdleTimeout"
    assert planned.ready.message == "Run 1 has ended; spec.run: 2 starts the next one"


@pytest.mark.parametrize(
    ("spec", "metadata", "marks"),
    [
        ({"run": 2}, {}, TOLD),
        ({}, {"uid": "other"}, TOLD),
        ({}, {}, {"troubleshooter.sh/run": "1"}),
        ({}, {"uid": "other", "labels": VELERO}, TOLD | {"troubleshooter.sh/name": "another"}),
    ],
    ids=["a higher run", "a person's new one of that name", "never started", "another's claim"],
)
def test_what_is_really_new_starts(spec: Any, metadata: Any, marks: Any) -> None:
    world = replace(OVER, claim=claim(annotations=marks))
    assert [type(action) for action in fresh(world, spec, **metadata).before] == [CreatePod]


def test_a_run_whose_pod_and_status_are_gone_was_lost() -> None:
    """The claim tells that it started, and nothing tells that it ended."""
    marks = {name: text for name, text in TOLD.items() if name.rpartition("/")[2] in {"run", "started-at"}}
    planned = fresh(replace(OVER, claim=claim(annotations=marks)))
    assert planned.run is not None
    assert planned.run.ended is not None
    assert (planned.run.ended.reason, planned.run.ended_at) == ("PodLost", None)
    assert planned.before == ()
