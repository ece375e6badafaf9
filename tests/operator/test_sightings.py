"""The operator's clock begins when the watch sees a container run, however long a worker is busy."""

from resource_objects import NOW, POD_UID, claim, finished, offer, pod, run_status, running, volume
from resource_objects import troubleshooter as found

from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter
from troubleshooter_operator.sightings import Sightings
from troubleshooter_operator.store import Change
from troubleshooter_operator.world import World

LATE = NOW + 40


def test_the_first_sight_counts() -> None:
    """A pod that waits is not seen to run, and one that goes on is not seen anew."""
    instants = iter([NOW, LATE])
    sightings = Sightings(lambda: next(instants))
    sightings.follow(Change(None, pod()))
    assert sightings.of(POD_UID) is None
    sightings.follow(Change(pod(), pod(running(ready=False))))
    sightings.follow(Change(pod(running(ready=False)), pod(running())))
    assert sightings.of(POD_UID) == NOW


def test_what_runs_no_more_is_forgotten() -> None:
    """Else every pod there ever was would be remembered."""
    for last in (Change(pod(running()), pod(finished())), Change(pod(running()), None)):
        sightings = Sightings(lambda: NOW)
        sightings.follow(Change(None, pod(running())))
        sightings.follow(last)
        assert sightings.of(POD_UID) is None


def test_the_life_is_counted_from_the_sight_and_not_from_the_look() -> None:
    """In the status, so it is kept over a restart; a later sight does not move it."""
    world = World(classes=(offer(),), pod=pod(running()), claim=claim(), volume=volume(), seen_running_at=NOW)
    planned = plan(troubleshooter(found(status=run_status(observedRunningAt=None))), world, LATE)
    assert planned.run is not None
    assert planned.run.observed_running_at == "2026-11-22T18:40:03Z"
    assert planned.look_again == NOW + 3600 + 5
