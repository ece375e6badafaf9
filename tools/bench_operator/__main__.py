"""`make bench-operator`: how fast the operator makes pods, and what it asks of the API server and of memory.

The API server, etcd and the operator are real processes of this machine; there is no node, so no pod starts.
Requests are counted in the API server's audit log, not by the operator's own word.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import components
from control_plane import ControlPlane, running_control_plane
from harness import CHECKOUT
from kubernetes import client, config, watch
from operator_process import USER, running_operator
from urllib3.exceptions import ProtocolError

NAMESPACE: Final = "bench"
GROUP: Final = ("troubleshooter.sh", "v1alpha1", NAMESPACE, "troubleshooters")
CRDS: Final = ("crd/troubleshooters.troubleshooter.sh", "crd/troubleshooterclasses.troubleshooter.sh")
POLICY: Final = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
WAIT_SECONDS: Final = 300.0


class PodWatch:
    """When the pod of each name was first seen, in seconds of time.monotonic; a thread of its own."""

    def __init__(self, api: client.CoreV1Api) -> None:
        self._api = api
        self._seen: dict[str, float] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def wait(self, names: list[str]) -> list[float]:
        """When each came; TimeoutError after five minutes."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._seen.keys() >= set(names), WAIT_SECONDS):
                raise TimeoutError(f"{len(set(names) - self._seen.keys())} of {len(names)} pods never came")
            return [self._seen[name] for name in names]

    def _run(self) -> None:
        with suppress(ProtocolError):  # the API server ends with the measurement
            for event in watch.Watch().stream(self._api.list_namespaced_pod, NAMESPACE):  # type: ignore[no-untyped-call] # the client has no types there
                self._came(event["object"].metadata.owner_references[0].name)

    def _came(self, owner: str) -> None:
        with self._changed:
            self._seen.setdefault(owner, time.monotonic())
            self._changed.notify_all()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_operator", description="Measure the operator.")
    parser.add_argument("--short", action="store_true", help="only try it; the figures mean nothing")
    short = parser.parse_args().short
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), singles=5 if short else 100, at_once=20 if short else 1000)


def measure(folder: Path, singles: int, at_once: int) -> None:
    policy, audit = folder / "policy.json", folder / "audit.log"
    policy.write_text(json.dumps(POLICY))
    flags = (
        *components.MUTATING_POLICIES,
        f"--audit-policy-file={policy}",
        f"--audit-log-path={audit}",
    )
    with running_control_plane(folder / "plane", flags=flags) as plane:
        install(plane)
        api = config.new_client_from_config(str(plane.state.kubeconfig("admin")))  # type: ignore[no-untyped-call] # nor there
        pods = PodWatch(client.CoreV1Api(api))
        objects = client.CustomObjectsApi(api)
        with running_operator(plane, folder / "operator.log") as pid:
            waits = [one(objects, pods, f"single-{number}") for number in range(singles)][1:]
            show("created to Pod created, p50", statistics.median(waits) * 1000, "ms")
            show("created to Pod created, worst", max(waits) * 1000, "ms")
            before = requests(audit)
            show(f"{at_once} at once, until all pods are there", crowd(objects, pods, at_once), "s")
            show("requests for each, until its pod is there", (requests(audit) - before) / at_once, "")
            show(f"memory (Pss) with {at_once} whose pods wait", pss(pid), "MB")


def install(plane: ControlPlane) -> None:
    """The product, and volumes that wait for a pod: nobody has to bind them here."""
    admin = plane.admin
    admin.run("apply", "-k", str(CHECKOUT / "crd"))
    admin.run("wait", "--for=condition=Established", *CRDS)
    admin.in_namespace("troubleshooter-system").run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
    admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    admin.in_namespace(NAMESPACE).apply(account)
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    storage: dict[str, Any] = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"}
    storage |= {"metadata": {"name": "waiting", "annotations": mark}, "reclaimPolicy": "Retain"}
    storage |= {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    admin.apply(storage)


def one(objects: client.CustomObjectsApi, pods: PodWatch, name: str) -> float:
    """Seconds from the request that makes the Troubleshooter to its pod."""
    begun = time.monotonic()
    create(objects, name)
    return pods.wait([name])[0] - begun


def crowd(objects: client.CustomObjectsApi, pods: PodWatch, count: int) -> float:
    """Seconds from the first request to the last pod."""
    names = [f"crowd-{number}" for number in range(count)]
    begun = time.monotonic()
    for name in names:
        create(objects, name)
    return max(pods.wait(names)) - begun


def create(objects: client.CustomObjectsApi, name: str) -> None:
    body = {
        "apiVersion": f"{GROUP[0]}/{GROUP[1]}",
        "kind": "Troubleshooter",
        "metadata": {"name": name},
        "spec": {"purpose": "bench"},
    }
    objects.create_namespaced_custom_object(*GROUP, body)


def requests(audit: Path) -> int:
    """How many of the operator's the API server has answered so far."""
    events = (json.loads(line) for line in audit.read_text().splitlines())
    return sum(e["user"]["username"] == USER and e["stage"] == "ResponseComplete" for e in events)


def pss(pid: int) -> float:
    """In megabytes, as smaps_rollup tells it in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def show(figure: str, value: float, unit: str) -> None:
    sys.stdout.write(f"{figure}\t{value:.3g} {unit}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
