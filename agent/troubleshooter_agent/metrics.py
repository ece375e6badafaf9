"""The metrics of a toolbox in Prometheus' text format, made from what PID 1 last told; pure.

Only the reporter imports this: prometheus_client takes 16 MB. No metric has a user or a pod as a label.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from troubleshooter_agent.contract import Status, parse_time
from troubleshooter_agent.effort import Effort, Timing

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4  # which every scraper knows
PREFIX: Final = "troubleshooter_agent"


def render(status: Status, *, failures: Mapping[str, int], effort: Effort, dropped: int) -> bytes:
    """All metrics; `failures` are recordings that are not complete, by kind, `dropped` are log lines.

    `effort` is that of all sessions of the run.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Toolbox(status, failures, effort, dropped))
    return generate_latest(registry)


@dataclass(frozen=True, eq=False)  # the registry wants it hashable
class _Toolbox(Collector):
    status: Status
    failures: Mapping[str, int]
    effort: Effort
    dropped: int

    def collect(self) -> Iterable[Metric]:
        status = self.status
        yield _info(status["agentVersion"])
        yield _gauge("sessions_active", "Recorded sessions that run now", status["sessionsActive"])
        yield _counter("sessions", "Recorded sessions ever opened in this run", status["sessionCount"])
        yield _counter("recorded_bytes", "Bytes written to recordings in this run", status["recordedBytes"])
        yield _counter("recorded_events", "Events written to recordings in this run", self.effort.events)
        yield _summary("write_duration_seconds", "Writes to recordings", self.effort.writes)
        yield _summary("sync_duration_seconds", "Syncs of recordings", self.effort.syncs)
        if status["lastActivityAt"] is not None:
            yield _gauge(
                "last_activity_timestamp_seconds",
                "When somebody last did something",
                parse_time(status["lastActivityAt"]),
            )
        yield _gauge(
            "expiration_timestamp_seconds",
            "When the life time is over",
            parse_time(status["expiresAt"]),
        )
        yield _failures(self.failures)
        yield _counter("log_lines_dropped", "Log lines dropped because their reader was slow", self.dropped)


def _info(version: str) -> Metric:
    metric = GaugeMetricFamily(f"{PREFIX}_build_info", "The agent's version; always 1", labels=["version"])
    metric.add_metric([version], 1)
    return metric


def _failures(failures: Mapping[str, int]) -> Metric:
    metric = CounterMetricFamily(
        f"{PREFIX}_recording_failures",
        "Recordings that are not complete, by kind of failure",
        labels=["kind"],
    )
    for kind, count in sorted(failures.items()):
        metric.add_metric([kind], count)
    return metric


def _summary(name: str, sentence: str, timing: Timing) -> Metric:
    return SummaryMetricFamily(
        f"{PREFIX}_{name}", sentence, count_value=timing.count, sum_value=timing.seconds
    )


def _gauge(name: str, sentence: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", sentence, value=value)


def _counter(name: str, sentence: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", sentence, value=value)  # the format adds _total
