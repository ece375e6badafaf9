"""The operator's own numbers, for Prometheus; the registry is the caller's."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.kinds import Json

PREFIX: Final = "troubleshooter_operator"
READY_SECONDS: Final = (1, 2, 3, 5, 8, 12, 20, 30, 60, 120, 300, 600)
LATE_SECONDS: Final = (1, 2, 5, 10, 20, 30, 40, 60, 120, 300, 600, 3600)


class Metrics:
    """Counters that the parts of the operator count with."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reconciles = Counter(
            f"{PREFIX}_reconciles",
            "Looks at a Troubleshooter or Replay, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self._durations = Histogram(
            f"{PREFIX}_reconcile_duration_seconds",
            "How long a look at a Troubleshooter or Replay took.",
            registry=registry,
        )
        self._errors = Counter(
            f"{PREFIX}_reconcile_errors",
            "Looks at a Troubleshooter or Replay that failed.",
            registry=registry,
        )
        self._actions = Counter(
            f"{PREFIX}_actions", "What was done to the cluster, by action.", ["action"], registry=registry
        )
        self._refusals = Counter(
            f"{PREFIX}_refusals", "What was refused, by reason of Ready.", ["reason"], registry=registry
        )
        self._ended = Counter(f"{PREFIX}_ended", "Runs that ended, by reason.", ["reason"], registry=registry)
        self._replays_ended = Counter(
            f"{PREFIX}_replays_ended", "Replays that ended, by reason.", ["reason"], registry=registry
        )
        for reason in EndReason:  # zero before the first, else no alert sees the first as an increase
            self._ended.labels(reason)
            self._replays_ended.labels(reason)
        self._ready_durations = Histogram(
            f"{PREFIX}_ready_duration_seconds",
            "From the making of a pod until its shell was available.",
            buckets=READY_SECONDS,
            registry=registry,
        )
        self._lateness = Histogram(
            f"{PREFIX}_end_lateness_seconds",
            "By how much runs outlived their time to live.",
            buckets=LATE_SECONDS,
            registry=registry,
        )
        self._sessions = Counter(f"{PREFIX}_sessions", "Sessions of runs that ended.", registry=registry)
        self._recorded_bytes = Counter(
            f"{PREFIX}_recorded_bytes", "Bytes of the sessions of runs that ended.", registry=registry
        )
        self._scrapes = Counter(
            f"{PREFIX}_scrapes", "Questions to toolboxes, by outcome.", ["outcome"], registry=registry
        )
        self._scrape_failures = Counter(
            f"{PREFIX}_scrape_failures", "Questions to toolboxes that had no good answer.", registry=registry
        )
        self._watch_failures = Counter(
            f"{PREFIX}_watch_failures", "Lists and watches that failed, by kind.", ["kind"], registry=registry
        )

    def reconciled(self, outcome: str) -> None:
        self._reconciles.labels(outcome).inc()
        if outcome != "success":
            self._errors.inc()

    def took(self, seconds: float) -> None:
        self._durations.observe(seconds)

    def acted(self, action: str) -> None:
        self._actions.labels(action).inc()

    def refused(self, reason: str) -> None:
        self._refusals.labels(reason).inc()

    def ended(self, reason: str) -> None:
        self._ended.labels(reason).inc()

    def replay_ended(self, reason: str) -> None:
        self._replays_ended.labels(reason).inc()

    def scraped(self, outcome: str) -> None:
        self._scrapes.labels(outcome).inc()
        if outcome != "success":
            self._scrape_failures.inc()

    def watch_failed(self, kind: str) -> None:
        self._watch_failures.labels(kind).inc()

    def ready_after(self, seconds: float) -> None:
        self._ready_durations.observe(max(0.0, seconds))  # instants of pods are whole seconds

    def ended_late(self, seconds: float) -> None:
        self._lateness.observe(seconds)

    def recorded(self, sessions: int, size: int) -> None:
        self._sessions.inc(sessions)
        self._recorded_bytes.inc(size)


class ApiRequests:
    """Counts requests to the API server; apart from `Metrics`, because the connection is made first."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            f"{PREFIX}_api_requests",
            "Requests to the API server, by verb and HTTP status.",
            ["verb", "code"],
            registry=registry,
        )

    def answered(self, verb: str, code: str) -> None:
        self._requests.labels(verb, code).inc()


class Overview(Collector):
    """What is counted anew at each question: both kinds by reason, the queue, the silence of each watch."""

    def __init__(
        self,
        toolboxes: Callable[[], Iterable[Json]],
        replays: Callable[[], Iterable[Json]],
        queue_length: Callable[[], int],
        queue_oldest: Callable[[], float],
        silences: Callable[[], dict[str, float]],
    ) -> None:
        self._toolboxes = toolboxes
        self._replays = replays
        self._queue_length = queue_length
        self._queue_oldest = queue_oldest
        self._silences = silences

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _by_reason("toolboxes", "Troubleshooters", self._toolboxes())
        yield _by_reason("replays", "Replays", self._replays())
        yield GaugeMetricFamily(
            f"{PREFIX}_queue_depth",
            "Troubleshooters and Replays that wait to be looked at.",
            value=self._queue_length(),
        )
        yield GaugeMetricFamily(
            f"{PREFIX}_queue_oldest_seconds",
            "How long the first of these has waited.",
            value=self._queue_oldest(),
        )
        silences = GaugeMetricFamily(
            f"{PREFIX}_watch_silence_seconds", "Since the API server last answered, by kind.", labels=["kind"]
        )
        for kind, seconds in self._silences().items():
            silences.add_metric([kind], seconds)
        yield silences


def _by_reason(name: str, what: str, things: Iterable[Json]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        f"{PREFIX}_{name}", f"{what} by the reason of their condition Ready.", labels=["reason"]
    )
    for reason, count in Tally(map(_reason, things)).items():
        family.add_metric([reason], count)
    return family


def _reason(found: Json) -> str:
    conditions = (found.get("status") or {}).get("conditions") or []
    return next((str(each["reason"]) for each in conditions if each["type"] == "Ready"), "Unknown")
