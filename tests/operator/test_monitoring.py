"""deploy/monitoring: its alerts fire when they must and only then, and it asks for metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from promtool import complaint
from told_metrics import agent_text, operator_text

CHECKOUT = Path(__file__).resolve().parents[2]
MONITORING = CHECKOUT / "deploy" / "monitoring"
CASES = Path(__file__).with_name("alerts.yaml")
OF_THE_KUBELET = {"kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes"}


def groups() -> dict[str, Any]:
    """The rules as Prometheus takes them, without what Kubernetes needs around them."""
    found: dict[str, Any] = yaml.safe_load((MONITORING / "rules.yaml").read_text())["spec"]
    return found


def alerts() -> dict[str, str]:
    """Their expressions."""
    return {rule["alert"]: rule["expr"] for group in groups()["groups"] for rule in group["rules"]}


def dashboard() -> list[str]:
    """The expressions of its panels; a variable that Grafana fills in has a value."""
    panels = json.loads((MONITORING / "troubleshooter.json").read_text())["panels"]
    return [target["expr"].replace("$__rate_interval", "5m") for each in panels for target in each["targets"]]


def test_prometheus_takes_the_rules(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(groups()))
    assert complaint("check", "rules", "--lint-fatal", str(rules)) == ""


def test_each_alert_fires_when_it_must_and_only_then(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(groups()))
    cases = tmp_path / "alerts.yaml"
    cases.write_text(CASES.read_text())
    assert complaint("test", "rules", str(cases)) == ""


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_each_alert_is_tried_both_ways(alert: str) -> None:
    tests = yaml.safe_load(CASES.read_text())["tests"]
    tried = [case for test in tests for case in test["alert_rule_test"] if case["alertname"] == alert]
    assert {bool(case["exp_alerts"]) for case in tried} == {True, False}


def test_prometheus_takes_each_expression_of_the_dashboard(tmp_path: Path) -> None:
    named = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(dashboard())]
    rules = tmp_path / "dashboard.yaml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": named}]}))
    assert complaint("check", "rules", str(rules)) == ""


@pytest.mark.parametrize("expr", [*alerts().values(), *dashboard()])
def test_only_metrics_that_there_are_are_asked_for(expr: str) -> None:
    asked = set(re.findall(r"\b(?:troubleshooter|kubelet)_\w+", expr))
    assert asked
    assert asked <= sample_names() | OF_THE_KUBELET


def test_the_monitors_find_the_ports_that_there_are() -> None:
    """Both pods call theirs `metrics`."""
    monitors = yaml.safe_load_all((MONITORING / "podmonitor.yaml").read_text())
    assert [each["spec"]["podMetricsEndpoints"][0]["port"] for each in monitors] == ["metrics", "metrics"]


@pytest.mark.parametrize("text", [operator_text(), agent_text()], ids=["operator", "agent"])
def test_the_metrics_are_as_prometheus_wants_them(text: str) -> None:
    """Each with help, in base units, with the suffix of its type."""
    assert complaint("check", "metrics", text=text) == ""


def test_the_check_of_metrics_can_fail() -> None:
    assert "_total" in complaint("check", "metrics", text="# HELP a b\n# TYPE a counter\na 1\n")


def sample_names() -> set[str]:
    families = text_string_to_metric_families(operator_text() + agent_text())
    return {sample.name for family in families for sample in family.samples}
