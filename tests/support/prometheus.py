"""Debian's Prometheus at the test cluster, set up from deploy/monitoring as prometheus-operator would do it.

Debian builds it without the discovery of Kubernetes, so what the PodMonitors choose is looked up here.
"""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from harness import CHECKOUT
from kubectl import Kubectl, wait_until
from kubelet import free_port
from promtool import program

MONITORING: Final = CHECKOUT / "deploy" / "monitoring"
START_SECONDS: Final = 30
END_SECONDS: Final = 20


@dataclass(frozen=True)
class Prometheus:
    """One that runs, on this host's loopback; it scrapes pods of these namespaces."""

    port: int
    folder: Path
    admin: Kubectl
    namespaces: tuple[str, ...]

    def discover(self) -> None:
        """Look for the pods that there are now."""
        for monitor in _monitors():
            name, text = monitor["metadata"]["name"], json.dumps(self._targets(monitor))
            fresh = self.folder / f"{name}.fresh"
            fresh.write_text(text)
            fresh.rename(_targets_file(self.folder, name))  # it reads whole files only

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """What an expression gives now: labels and value of each series."""
        found = self._get("query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def rules(self) -> list[dict[str, Any]]:
        """Every alert, with `health` and `state`."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def _targets(self, monitor: Any) -> list[dict[str, Any]]:
        spec = monitor["spec"]
        chosen = ",".join(f"{key}={value}" for key, value in spec["selector"]["matchLabels"].items())
        port = spec["podMetricsEndpoints"][0]["port"]
        pods = [
            pod
            for namespace in self.namespaces
            for pod in self.admin.in_namespace(namespace).json("get", "pods", f"--selector={chosen}")["items"]
        ]
        return [_target(pod, port) for pod in pods if pod["status"].get("podIP")]

    def _get(self, path: str, **parameters: str) -> Any:
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]


@contextmanager
def running_prometheus(folder: Path, admin: Kubectl, *namespaces: str) -> Iterator[Prometheus]:
    """It scrapes, each second, what the PodMonitors choose in these namespaces, and tries all alerts."""
    rules = yaml.safe_load((MONITORING / "rules.yaml").read_text())["spec"]
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(_configuration(folder)))
    prometheus = Prometheus(free_port(), folder, admin, namespaces)
    prometheus.discover()
    options = [f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/series"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [program("prometheus"), *options, f"--web.listen-address=127.0.0.1:{prometheus.port}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(
            lambda: prometheus.is_ready() or process.poll() is not None,
            timeout=START_SECONDS,
            what=f"{log.name}",
        )
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        yield prometheus
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def _configuration(folder: Path) -> Any:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{folder}/rules.yaml"],
        "scrape_configs": [_job(monitor, folder) for monitor in _monitors()],
    }


def _job(monitor: Any, folder: Path) -> dict[str, Any]:
    """As prometheus-operator translates a PodMonitor, but for the interval."""
    spec, name = monitor["spec"], monitor["metadata"]["name"]
    (endpoint,) = spec["podMetricsEndpoints"]
    return {
        "job_name": name,
        "sample_limit": spec.get("sampleLimit", 0),
        "label_limit": spec.get("labelLimit", 0),
        "label_value_length_limit": spec.get("labelValueLengthLimit", 0),
        "honor_labels": endpoint.get("honorLabels", False),
        "honor_timestamps": endpoint.get("honorTimestamps", True),
        "file_sd_configs": [{"files": [str(_targets_file(folder, name))]}],
        "metric_relabel_configs": [
            {"source_labels": each["sourceLabels"], "regex": each["regex"], "action": each["action"]}
            for each in endpoint.get("metricRelabelings", [])
        ],
    }


def _target(pod: Any, port: str) -> dict[str, Any]:
    """A pod with a port of that name, and the labels that prometheus-operator gives it."""
    (container,) = pod["spec"]["containers"]
    (number,) = [each["containerPort"] for each in container["ports"] if each["name"] == port]
    metadata = pod["metadata"]
    labels = {"namespace": metadata["namespace"], "pod": metadata["name"], "container": container["name"]}
    return {"targets": [f"{pod['status']['podIP']}:{number}"], "labels": labels}


def _targets_file(folder: Path, monitor: str) -> Path:
    return folder / f"{monitor}.json"


def _monitors() -> list[Any]:
    return list(yaml.safe_load_all((MONITORING / "podmonitor.yaml").read_text()))
