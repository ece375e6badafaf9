"""What is counted once in a run, and each request to the API server."""

from dataclasses import replace

import pytest
from api_server import FakeApi, running
from kubernetes.client.configuration import Configuration
from prometheus_client import CollectorRegistry

from troubleshooter_agent.contract import EndReason, SessionReport
from troubleshooter_operator import kinds
from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.cluster import ApiServer
from troubleshooter_operator.conditions import ended
from troubleshooter_operator.errors import NotFoundError, TemporaryError, UnreachableError
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.metrics import ApiRequests, Metrics
from troubleshooter_operator.milestones import Milestones, lateness
from troubleshooter_operator.run import Run

SESSION = SessionReport(
    id="1",
    user="ada",
    startedAt="2026-11-22T18:41:00Z",
    endedAt="2026-11-22T18:42:00Z",
    exitCode=0,
    bytes=700,
    sha256=None,
    file="1.cast",
)
OVER = Run(
    1,
    expires_at="2026-11-22T19:40:00Z",
    ended_at="2026-11-22T19:40:07Z",
    ended=ended(EndReason.TIME_TO_LIVE_REACHED, "The toolbox reached its time to live"),
    session_count=12,
    sessions=(SESSION, {**SESSION, "bytes": 300}),
)


class Counted:
    """Milestones, and what was counted of them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.milestones = Milestones(Metrics(self.registry))

    def metric(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"troubleshooter_operator_{name}")


def pod(uid: str) -> Json:
    return {"metadata": {"uid": uid, "creationTimestamp": "2026-11-22T18:40:00Z"}}


def test_a_shell_is_counted_once_a_pod() -> None:
    """2026-11-22T18:40:00Z is 1795372800."""
    counted = Counted()
    for uid, now in (("a", 1795372804.0), ("a", 1795372900.0), ("b", 1795372802.5)):
        counted.milestones.shell_available(("default", "web"), pod(uid), now)
    assert counted.metric("ready_duration_seconds_count") == 2
    assert counted.metric("ready_duration_seconds_sum") == 6.5


def test_a_clock_that_is_behind_makes_no_negative_duration() -> None:
    counted = Counted()
    counted.milestones.shell_available(("default", "web"), pod("a"), 1795372799.0)
    assert counted.metric("ready_duration_seconds_sum") == 0


def test_what_is_forgotten_counts_anew() -> None:
    """So nothing is kept of Troubleshooters that are gone."""
    counted = Counted()
    counted.milestones.shell_available(("default", "web"), pod("a"), 1795372804.0)
    counted.milestones.forget(("default", "web"))
    counted.milestones.shell_available(("default", "web"), pod("a"), 1795372804.0)
    assert counted.metric("ready_duration_seconds_count") == 2


def test_the_end_of_a_run_tells_sessions_bytes_and_lateness() -> None:
    """All twelve sessions and their bytes, of which two are listed."""
    counted = Counted()
    counted.milestones.ended(OVER, 12_000)
    assert counted.metric("sessions_total") == 12
    assert counted.metric("recorded_bytes_total") == 12_000
    assert counted.metric("end_lateness_seconds_count") == 1
    assert counted.metric("end_lateness_seconds_sum") == 7


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (OVER, 7.0),
        (replace(OVER, ended_at="2026-11-22T19:39:59Z"), 0.0),
        (replace(OVER, ended=ended(EndReason.IDLE_TIMEOUT, "Nobody worked")), None),
        (replace(OVER, expires_at=None), None),
        (replace(OVER, ended=None, ended_at=None), None),
    ],
)
def test_only_the_time_to_live_can_be_outlived(run: Run, expected: float | None) -> None:
    assert lateness(run) == expected


def test_each_request_is_counted_with_its_verb_and_answer(api: FakeApi) -> None:
    heard: list[tuple[str, str]] = []
    claim: Json = {"metadata": {"name": "web", "namespace": "default"}}
    with running(api) as address:
        cluster = ApiServer(
            Configuration(host=address, retries=False), ServerClock(), 5, lambda *what: heard.append(what)
        )
        made = cluster.create(kinds.CLAIM, "default", claim)
        cluster.get(kinds.CLAIM, "default", "web")
        cluster.list_page(kinds.CLAIM, "")
        cluster.watch(kinds.CLAIM, made["metadata"]["resourceVersion"], 5, 5).stop()
        cluster.patch(kinds.CLAIM, "default", "web", {"metadata": {"labels": {"a": "b"}}})
        cluster.delete(kinds.CLAIM, "default", "web", {})
        with pytest.raises(NotFoundError):
            cluster.get(kinds.CLAIM, "default", "web")
        api.fail("GET .*persistentvolumeclaims", 503, times=1)
        with pytest.raises(TemporaryError):
            cluster.list_page(kinds.CLAIM, "")
        cluster.close()
    with pytest.raises(UnreachableError):
        cluster.get(kinds.CLAIM, "default", "web")
    verbs = [("create", "201"), ("get", "200"), ("list", "200"), ("watch", "200"), ("patch", "200")]
    assert heard == [*verbs, ("delete", "200"), ("get", "404"), ("list", "503"), ("get", "none")]


def test_requests_are_a_metric() -> None:
    registry = CollectorRegistry()
    answered = ApiRequests(registry).answered
    answered("get", "200")
    answered("get", "200")
    labels = {"verb": "get", "code": "200"}
    assert registry.get_sample_value("troubleshooter_operator_api_requests_total", labels) == 2
