"""Temporary namespaces whose Troubleshooter is gone: looked for at the start, and on a timer after it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from api_server import FakeApi, running
from kubernetes.client.configuration import Configuration
from resource_objects import troubleshooter

from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.cluster import ApiServer
from troubleshooter_operator.stores import Stores
from troubleshooter_operator.sweep import EVERY_SECONDS, Sweeper

SOON = 0.05
OURS = {
    "app.kubernetes.io/managed-by": "troubleshooter-operator",
    "app.kubernetes.io/component": "temporary-namespace",
}
LISTS = "GET /api/v1/namespaces($|\\?)"


def namespace(uid: str, *, labels: dict[str, str] = OURS, name: str | None = None) -> dict[str, Any]:
    marks = {"uid": uid, "namespace": "default", "name": "web"}
    return {
        "metadata": {
            "name": name or f"incident-response-{uid}",
            "uid": f"namespace-{uid}",
            "labels": labels,
            "annotations": {f"troubleshooter.sh/{key}": value for key, value in marks.items()},
        }
    }


@contextmanager
def sweeping(api: FakeApi, every: float, ready: threading.Event | None = None) -> Iterator[list[Any]]:
    """A sweeper at work; whose things it has found."""
    found: list[Any] = []
    with running(api) as address:
        cluster = ApiServer(Configuration(host=address, retries=False), ServerClock(), 5)
        is_ready = ready.is_set if ready else lambda: True
        sweeper = Sweeper(cluster, Stores(), found.append, is_ready, every)
        thread = threading.Thread(target=sweeper.run)
        thread.start()
        try:
            yield found
        finally:
            sweeper.close()
            thread.join()
            cluster.close()


def wait_gone(api: FakeApi, name: str) -> None:
    api.wait(lambda: ("namespaces", "", name) not in api.objects, f"the end of {name}")


def test_what_was_left_before_the_start_goes_at_the_start(api: FakeApi) -> None:
    """Long before the timer."""
    api.put("namespaces", namespace("a"))
    with sweeping(api, EVERY_SECONDS) as found:
        wait_gone(api, "incident-response-a")
    assert found == [("default", "web")]


def test_what_is_left_later_goes_on_the_timer(api: FakeApi) -> None:
    """No watch tells of it: nothing but the next sweep can find it."""
    with sweeping(api, SOON):
        api.wait(lambda: api.count(LISTS) >= 1, "the sweep at the start")
        api.put("namespaces", namespace("b"))
        wait_gone(api, "incident-response-b")


def test_a_sweep_that_fails_is_made_again(api: FakeApi) -> None:
    api.put("namespaces", namespace("a"))
    api.fail(LISTS, 503, times=2)
    with sweeping(api, SOON):
        wait_gone(api, "incident-response-a")
    assert api.count(LISTS) >= 3


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(namespace("a", labels={}), id="without our label"),
        pytest.param(namespace("a", name="incident-response-b"), id="named for another"),
        pytest.param(namespace("a", name="team"), id="with an ordinary name"),
    ],
)
def test_what_it_did_not_make_stays(api: FakeApi, other: dict[str, Any]) -> None:
    """Also after several sweeps."""
    api.put("namespaces", other)
    with sweeping(api, SOON):
        api.wait(lambda: api.count(LISTS) >= 3, "three sweeps")
    assert api.count("DELETE ") == 0


def test_that_of_a_troubleshooter_that_is_there_stays(api: FakeApi) -> None:
    asked = api.put("troubleshooters", troubleshooter())
    api.put("namespaces", namespace(asked["metadata"]["uid"]))
    with sweeping(api, SOON) as found:
        api.wait(lambda: api.count(LISTS) >= 3, "three sweeps")
    assert (found, api.count("DELETE ")) == ([], 0)


def test_nothing_is_swept_before_all_is_known(api: FakeApi) -> None:
    """Claims and pods of a namespace tell whether it may go, so the caches must be full."""
    ready = threading.Event()
    api.put("namespaces", namespace("a"))
    with sweeping(api, SOON, ready):
        assert api.count(LISTS) == 0
        ready.set()
        wait_gone(api, "incident-response-a")
