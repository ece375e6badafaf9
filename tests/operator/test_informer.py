"""Informer against a real HTTP server that misbehaves in each way that API servers and networks do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from api_server import FakeApi, running
from kubernetes.client.configuration import Configuration

from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.cluster import ApiServer
from troubleshooter_operator.informer import Informer, Pace
from troubleshooter_operator.kinds import POD
from troubleshooter_operator.store import Change, Store

FAST = Pace(watch=30, relist=30, first_retry=0.05, last_retry=0.2)
LABELS = {"app.kubernetes.io/managed-by": "troubleshooter-operator"}


def a_pod(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "labels": LABELS | labels}}


class Seen:
    """What handlers were told."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.store = Store()
        self._more = threading.Condition()

    def __call__(self, change: Change) -> None:
        with self._more:
            self.changes.append(change)
            self._more.notify_all()

    def names(self) -> list[str]:
        return sorted(each["metadata"]["name"] for each in self.store.all())

    def deletions(self) -> list[tuple[str, bool]]:
        gone = [each for each in self.changes if each.new is None]
        return [(each.old["metadata"]["name"], each.witnessed) for each in gone if each.old]

    def wait(self, probe: Any, seconds: float = 10) -> None:
        with self._more:
            assert self._more.wait_for(probe, seconds), f"waited in vain; seen: {self.changes}"


@contextmanager
def informing(
    api: FakeApi, pace: Pace = FAST, answer_seconds: float = 5.0
) -> Iterator[tuple[Informer, Seen]]:
    with running(api) as address:
        cluster = ApiServer(Configuration(host=address, retries=False), ServerClock(), answer_seconds)
        seen = Seen()
        informer = Informer(cluster, POD, seen.store, seen, pace=pace)
        thread = threading.Thread(target=informer.run)
        thread.start()
        try:
            yield informer, seen
        finally:
            informer.stop()
            thread.join(10)
            cluster.close()
            assert not thread.is_alive()


@pytest.fixture
def api() -> FakeApi:
    fake = FakeApi()
    for name in ("a", "b", "c", "d", "e"):
        fake.put("pods", a_pod(name))
    return fake


def test_it_lists_all_pages_and_then_follows(api: FakeApi) -> None:
    with informing(api) as (informer, seen):
        assert informer.synced.wait(10)
        assert seen.names() == ["a", "b", "c", "d", "e"]
        api.put("pods", a_pod("f"))
        seen.wait(lambda: "f" in seen.names())
        api.remove("pods", "a")
        seen.wait(lambda: seen.deletions() == [("a", True)])
        assert seen.names() == ["b", "c", "d", "e", "f"]


def test_only_what_has_our_label_is_seen(api: FakeApi) -> None:
    api.put("pods", {"metadata": {"name": "foreign", "namespace": "default"}})
    with informing(api) as (informer, seen):
        assert informer.synced.wait(10)
        assert "foreign" not in seen.names()


def test_a_handler_sees_the_store_as_it_is_after_the_change(api: FakeApi) -> None:
    """Otherwise a worker could look at the old picture and never be called again."""
    looks: list[bool] = []
    store = Store()
    with running(api) as address:
        cluster = ApiServer(Configuration(host=address, retries=False), ServerClock())
        done = threading.Event()

        def handler(change: Change) -> None:
            if change.new is None:
                looks.append(store.get("default", "a") is None)
                done.set()

        informer = Informer(cluster, POD, store, handler, pace=FAST)
        thread = threading.Thread(target=informer.run)
        thread.start()
        assert informer.synced.wait(10)
        api.remove("pods", "a")
        assert done.wait(10)
        informer.stop()
        thread.join(10)
        cluster.close()
    assert looks == [True]


def test_a_deletion_that_no_watch_told_is_found_by_the_list(api: FakeApi) -> None:
    """410: the past is gone; the handler gets the last object that was known."""
    with informing(api) as (informer, seen):
        assert informer.synced.wait(10)
        api.remove("pods", "a", silently=True)
        api.compact()
        api.drop_watches()
        seen.wait(lambda: seen.deletions() == [("a", False)])
        assert seen.names() == ["b", "c", "d", "e"]


@pytest.mark.parametrize("status", [500, 503, 403, 410, 429])
def test_refusals_are_retried_more_and_more_slowly_and_recovered_from(api: FakeApi, status: int) -> None:
    api.fail("GET /api/v1/pods", status, times=6)
    with informing(api) as (informer, seen):
        assert informer.synced.wait(10)
        seen.wait(lambda: len(seen.names()) == 5)
    assert api.count("GET /api/v1/pods") < 20


def test_a_server_that_stays_away_is_not_run_over(api: FakeApi) -> None:
    """A few attempts while nobody answers; the official informer makes over a thousand a second."""
    api.fail("GET", 500, times=10_000)
    with informing(api, Pace(first_retry=0.1, last_retry=30)) as (informer, _):
        assert not informer.synced.wait(2)
    assert 3 <= api.count("GET") <= 8


def test_a_dropped_watch_is_taken_up_again_without_a_loss(api: FakeApi) -> None:
    with informing(api) as (informer, seen):
        assert informer.synced.wait(10)
        api.drop_watches()
        api.put("pods", a_pod("f"))
        seen.wait(lambda: "f" in seen.names())


def test_a_frozen_server_is_noticed_and_left_when_it_thaws(api: FakeApi) -> None:
    """Connections stay open and nothing comes: only our own time-out can tell."""
    pace = Pace(watch=1, relist=30, slack=0.5, first_retry=0.05, last_retry=0.2)
    with informing(api, pace, answer_seconds=0.5) as (informer, seen):
        assert informer.synced.wait(10)
        before = api.count("GET /api/v1/pods")
        api.freeze()
        api.wait(lambda: api.count("GET /api/v1/pods") >= before + 3, "more attempts while it is frozen")
        assert informer.silence() > 0.4
        api.put("pods", a_pod("f"))
        api.thaw()
        seen.wait(lambda: "f" in seen.names())


def test_it_lists_again_even_if_no_watch_ever_fails(api: FakeApi) -> None:
    """A lost event costs as long as the pace says, not the truth."""
    with informing(api, Pace(watch=1, relist=1)) as (informer, seen):
        assert informer.synced.wait(10)
        api.remove("pods", "a", silently=True)
        seen.wait(lambda: seen.deletions() == [("a", False)])


def test_a_stop_ends_it_at_once_in_the_middle_of_a_watch(api: FakeApi) -> None:
    with informing(api, Pace(watch=300, relist=300)) as (informer, _):
        assert informer.synced.wait(10)
        api.wait(lambda: api.count("watch=true") == 1, "the watch")
