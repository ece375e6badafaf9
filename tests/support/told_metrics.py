"""Every metric that operator and agent tell, with values, as tests of what is made of them use it."""

from prometheus_client import CollectorRegistry, generate_latest

from troubleshooter_agent.contract import Status
from troubleshooter_agent.effort import Effort, Timing
from troubleshooter_agent.metrics import render
from troubleshooter_operator.metrics import ApiRequests, Metrics, Overview

_STATUS: Status = {
    "agentVersion": "1",
    "startedAt": "2026-11-22T18:40:03Z",
    "expiresAt": "2026-11-22T19:40:03Z",
    "idleSince": None,
    "lastActivityAt": "2026-11-22T18:50:00Z",
    "timeToLiveSeconds": 3600.0,
    "idleTimeoutSeconds": 900.0,
    "ready": True,
    "wantedTimeToLive": "",
    "end": "",
    "sessionsActive": 1,
    "sessionCount": 2,
    "recordedBytes": 300,
    "recordingFailures": 1,
    "chain": "",
    "sessions": [],
}


def agent_text() -> str:
    """As a scraper gets it from a toolbox."""
    effort = Effort(events=9, writes=Timing(9, 0.5), syncs=Timing(2, 0.25))
    return render(_STATUS, failures={"io": 1}, effort=effort, dropped=1).decode()


def operator_registry() -> CollectorRegistry:
    """One of an operator that has done each thing once."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    ApiRequests(registry).answered("get", "200")
    metrics.reconciled("retry")
    metrics.took(0.25)
    metrics.acted("CreatePod")
    metrics.refused("ClassNotFound")
    metrics.ended("Stopped")
    metrics.scraped("malformed")
    metrics.watch_failed("Pod")
    metrics.ready_after(3)
    metrics.ended_late(5)
    metrics.recorded(2, 300)
    registry.register(Overview(lambda: [{}], lambda: [{}], lambda: 1, lambda: 2.0, lambda: {"Pod": 3.0}))
    return registry


def operator_text() -> str:
    """As a scraper gets it from the operator."""
    return generate_latest(operator_registry()).decode()
