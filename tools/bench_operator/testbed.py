"""What the operator is measured on: all of a cluster but nodes and agents.

A real API server with its etcd, a scheduler and a binder of volumes; a node that kwok plays; one process that
answers for all agents. The operator is a process of this machine.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import components
import crds
from api_client import ApiClient, credentials
from audit import Audit, policy
from control_plane import ControlPlane, Part, running_control_plane
from harness import CHECKOUT
from kubectl import wait_until
from operator_process import USER, running_operator

NAMESPACE: Final = "bench"
NODE: Final = "played"
TROUBLESHOOTERS: Final = f"/apis/troubleshooter.sh/v1alpha1/namespaces/{NAMESPACE}/troubleshooters"
PODS: Final = f"/api/v1/namespaces/{NAMESPACE}/pods"
CLAIMS: Final = f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims"
VOLUMES: Final = "/api/v1/persistentvolumes"
STAGES: Final = CHECKOUT / "tests" / "cluster" / "manifests" / "kwok.yaml"
AGENTS: Final = CHECKOUT / "tests" / "support" / "fake_agents.py"
# Neither scheduler nor binder is what is measured, so they are not to be what everything waits for.
FAST: Final = ("--kube-api-qps=2000", "--kube-api-burst=4000")
AT_A_TIME: Final = 4
PORT: Final = 8080
WAIT_SECONDS: Final = 1800.0  # for thousands, on a machine that has much else to do
wait: Final = partial(wait_until, timeout=WAIT_SECONDS)

Json = dict[str, Any]


@dataclass
class Testbed:
    """All of it, running."""

    plane: ControlPlane
    api: ApiClient
    audit: Audit
    folder: Path
    agents: Part
    _operators: int = field(default=0)

    @contextmanager
    def operator(self) -> Iterator[int]:
        """One for the length of the block; its process id."""
        self._operators += 1
        log = self.folder / f"operator-{self._operators}.log"
        with running_operator(self.plane, log, ("--port", str(PORT))) as process:
            yield process

    def create(self, names: Sequence[str], spec: Json) -> None:
        """Troubleshooters, as fast as a few clients can, each with a volume that waits for its claim."""
        self.each(lambda name: self.api.create(VOLUMES, volume(name)), names)
        self.each(lambda name: self.api.create(TROUBLESHOOTERS, troubleshooter(name, spec)), names)

    def each(self, do: Callable[[str], object], names: Iterable[str]) -> None:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(do, names))

    def items(self, path: str) -> list[Json]:
        """By a new connection: the API server closes one on which long nothing was asked."""
        self.api.close()
        return self.api.items(path)


@contextmanager
def running_testbed(folder: Path, programs: Mapping[str, Path]) -> Iterator[Testbed]:
    """One in an empty folder, gone with all its processes afterwards."""
    folder.mkdir()
    rules = folder / "policy.json"
    rules.write_text(json.dumps(policy(USER)))
    log = folder / "audit.log"
    flags = (
        *components.MUTATING_POLICIES,
        "--advertise-address=192.0.2.1",  # nobody's: where there is no route, none is found
        f"--audit-policy-file={rules}",
        f"--audit-log-path={log}",
    )
    with (
        running_control_plane(folder / "plane", flags=flags, programs=programs) as plane,
        ExitStack() as stack,
    ):
        api = ApiClient(plane.url, credentials(plane.state.pki, "admin"))
        install(plane, api)
        parts = others(plane, programs)
        for part in parts.values():
            part.start()
            stack.callback(part.end)
        wait_until(lambda: "listening" in parts["agents"].log.read_text(), timeout=20, what="fake agents")
        make_node(api)
        yield Testbed(plane, api, Audit(log), folder, parts["agents"])


def install(plane: ControlPlane, api: ApiClient) -> None:
    """The product, a namespace, and a storage class whose volumes would be deleted with their claims."""
    crds.install(plane.admin)
    plane.admin.in_namespace("troubleshooter-system").run("apply", "-k", str(CHECKOUT / "deploy" / "base"))
    api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    api.create(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", {"metadata": {"name": "default"}})
    mark = {"storageclass.kubernetes.io/is-default-class": "true"}
    storage: Json = {"metadata": {"name": "bench", "annotations": mark}, "reclaimPolicy": "Delete"}
    storage |= {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "Immediate"}
    api.create("/apis/storage.k8s.io/v1/storageclasses", storage)


def others(plane: ControlPlane, programs: Mapping[str, Path]) -> dict[str, Part]:
    """All that is not the control plane's own."""
    logs, kubeconfig = plane.state.logs, plane.state.kubeconfig
    binder = [
        *components.controller_manager(programs, plane.state),
        "--controllers=persistentvolume-binder-controller",
        "--secure-port=0",
        *FAST,
    ]
    scheduler = [
        str(programs["kube-scheduler"]),
        f"--kubeconfig={kubeconfig('scheduler')}",
        "--leader-elect=false",
        "--secure-port=0",
        *FAST,
    ]
    kwok = [str(programs["kwok"]), f"--kubeconfig={kubeconfig('admin')}", f"--config={STAGES}"]
    return {
        "binder": Part(binder, logs / "binder.log"),
        "scheduler": Part(scheduler, logs / "scheduler.log"),
        "kwok": Part(kwok, logs / "kwok.log"),
        "agents": Part((sys.executable, str(AGENTS)), logs / "agents.log"),
    }


def make_node(api: ApiClient) -> None:
    """The API server taints a new node until a controller that is not here finds it ready."""
    marks = {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    api.create("/api/v1/nodes", {"metadata": marks})
    api.patch(f"/api/v1/nodes/{NODE}", {"spec": {"taints": None}})


def troubleshooter(name: str, spec: Json) -> Json:
    api = "troubleshooter.sh/v1alpha1"
    return {"apiVersion": api, "kind": "Troubleshooter", "metadata": {"name": name}, "spec": spec}


def volume(name: str) -> Json:
    """For the claim of that toolbox alone."""
    claim = {"kind": "PersistentVolumeClaim", "namespace": NAMESPACE, "name": f"{name}-recordings"}
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Delete",
        "storageClassName": "bench",
        "claimRef": claim,
        "hostPath": {"path": "/nowhere"},
    }
    return {"metadata": {"name": f"pv-{name}"}, "spec": spec}


def isolated(command: Sequence[str]) -> list[str]:
    """The command in a network of its own, where there is a loopback and nothing else."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
