"""Debian's Prometheus, set up from deploy/monitoring, scrapes operator and toolboxes on the real cluster."""

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import operator_deployment
import pytest
from kubectl import Kubectl, wait_until
from prometheus import Prometheus, running_prometheus
from promtool import complaint
from stage import Stage
from toolbox import Toolbox

# Prometheus runs here, beside the node, and reaches pods at their own addresses.
pytestmark = pytest.mark.own_node

SCRAPE_SECONDS = 20
AGENT_PORT, OPERATOR_PORT = 9464, 8080
SESSIONS = 12  # more than a status lists


@dataclass(frozen=True)
class Watched:
    prometheus: Prometheus
    stage: Stage
    toolbox: Toolbox

    def value(self, expression: str) -> float | None:
        """Of the only series that an expression gives."""
        found = self.prometheus.query(expression)
        return found[0][1] if len(found) == 1 else None

    def wait(self, expression: str, value: float) -> None:
        wait_until(
            lambda: self.value(expression) == value,
            timeout=SCRAPE_SECONDS,
            what=f"{expression} == {value:g}, which is {self.value(expression)}",
        )


@pytest.fixture(scope="module")
def watched(stage: Stage, toolbox: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder, namespaces = (
        tmp_path_factory.mktemp("prometheus"),
        (stage.namespace, operator_deployment.NAMESPACE),
    )
    with running_prometheus(folder, stage.admin, *namespaces) as found:
        yield Watched(found, stage, toolbox)


def metrics_of(pod: Any, port: int) -> str:
    address = f"http://{pod['status']['podIP']}:{port}/metrics"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(answer.read().decode())


def test_operator_and_toolbox_are_found_and_answer(watched: Watched) -> None:
    watched.wait('up{job="troubleshooter-operator"}', 1)
    watched.wait('up{job="troubleshooter-agent"}', 1)
    (labels,) = [labels for labels, _ in watched.prometheus.query('up{job="troubleshooter-agent"}')]
    assert (labels["namespace"], labels["pod"]) == (watched.stage.namespace, "toolbox")


def test_what_both_tell_is_as_prometheus_wants_it(watched: Watched, admin: Kubectl) -> None:
    (operator,) = operator_deployment.pods(admin)
    assert complaint("check", "metrics", text=metrics_of(operator, OPERATOR_PORT)) == ""
    assert complaint("check", "metrics", text=metrics_of(watched.toolbox.pod, AGENT_PORT)) == ""


def test_of_a_toolbox_only_what_the_agent_tells_is_taken(watched: Watched) -> None:
    watched.wait('up{job="troubleshooter-agent"}', 1)
    found = watched.prometheus.query('{job="troubleshooter-agent"}')
    names = {labels["__name__"] for labels, _ in found}
    own = {name for name in names if name.startswith("troubleshooter_agent_")}
    assert "troubleshooter_agent_expiration_timestamp_seconds" in own
    assert {name for name in names - own if not name.startswith(("up", "scrape_"))} == set()


def test_every_alert_can_be_tried_and_none_fires(watched: Watched) -> None:
    watched.wait('up{job="troubleshooter-operator"}', 1)
    wait_until(
        lambda: all(rule["health"] != "unknown" for rule in watched.prometheus.rules()),
        timeout=SCRAPE_SECONDS,
        what="a trial of every alert",
    )
    rules = watched.prometheus.rules()
    assert "TroubleshooterRecordingFailed" in {rule["name"] for rule in rules}
    assert {(rule["health"], rule.get("lastError")) for rule in rules} == {("ok", None)}
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []


def test_the_operator_counts_what_the_toolbox_has_counted_after_its_end(watched: Watched) -> None:
    """Every session and every byte, though its status lists ten; the pod itself is gone between scrapes."""
    sessions, size = (f"troubleshooter_operator_{what}_total" for what in ("sessions", "recorded_bytes"))
    watched.wait('up{job="troubleshooter-operator"}', 1)
    before = [watched.value(name) or 0 for name in (sessions, size)]
    stopped = 'troubleshooter_operator_ended_total{reason="Stopped"}'
    ended = watched.value(stopped) or 0
    script = f"for each in $(seq {SESSIONS - 1}); do shell -c 'seq 100'; done"
    assert watched.toolbox.run("sh", "-c", script).returncode == 0  # which is a session too
    watched.wait("troubleshooter_agent_sessions_total", SESSIONS)
    watched.stage.ask("toolbox", state="Stopped")
    watched.stage.wait_reason("toolbox", "Stopped", kind="Ended")
    casts = watched.stage.shelf("toolbox").casts()
    assert len(casts) == SESSIONS
    watched.wait(sessions, before[0] + SESSIONS)
    watched.wait(size, before[1] + sum(Path(cast.path).stat().st_size for cast in casts))
    watched.wait(stopped, ended + 1)
    watched.prometheus.discover()
    watched.wait('count(up{job="troubleshooter-agent"}) or vector(0)', 0)
