"""Addresses, names and configuration files of the one-node cluster. Pure: nothing is written here."""

import json
from pathlib import Path
from typing import Any

import cgroups
from places import CONTAINERD_SOCKET, NUMBER, State

CLUSTER_NAME = "troubleshooter"
NODE_NAME = "node1"
HOST_IP = f"10.245.{NUMBER}.2"  # the host's end of the veth
# The node's end: pods and host must reach it, and the kubelet refuses a loopback address.
NODE_IP = f"10.245.{NUMBER}.1"
LINK_PREFIX = 30
API_URL = f"https://{NODE_IP}:6443"
SERVICE_SUBNET = "10.96.0.0/16"
API_SERVICE_IP = "10.96.0.1"
DNS_SERVICE_IP = "10.96.0.10"
POD_SUBNET = f"10.244.{NUMBER}.0/24"
# Where those that the kubelet does not watch say that they are ready.
DNS_READY = "127.0.0.1:8181"
PROXY_READY = "127.0.0.1:10256"

BASE_IMAGE = "docker.io/library/debian:trixie-slim"
PAUSE_IMAGE = "localhost/pause:dev"


def containerd(state: State) -> str:
    """restrict_oom_score_adj: without CAP_SYS_RESOURCE runc may not lower oom_score_adj."""
    return f"""version = 2
root = "{state.root}/containerd/root"
state = "{state.root}/containerd/state"
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{PAUSE_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{state.root}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{registries(state)}"
"""


def registries(state: State) -> Path:
    """Where containerd looks how to reach a registry: a folder with its address as name, with hosts.toml."""
    return state.root / "containerd" / "hosts"


def bridge() -> str:
    """Pods on one bridge, routed and not translated: the host sees them at their own addresses."""
    ipam = {
        "type": "host-local",
        "ranges": [[{"subnet": POD_SUBNET}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    plugins = [
        {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "ipam": ipam},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "0.4.0", "name": "bridge", "plugins": plugins}, indent=1)


def kubelet(state: State) -> str:
    """KubeletInUserNamespace: what it may not set is no error. failCgroupV1: cgroup v1 will do."""
    config: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",  # noqa: S104 - of the node's own network namespace
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{state.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.NAME}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "featureGates": {"KubeletInUserNamespace": True},
        "evictionHard": {"memory.available": "50Mi"},
        "imageGCHighThresholdPercent": 100,
        "clusterDNS": [DNS_SERVICE_IP],
        "clusterDomain": "cluster.local",
        "resolvConf": f"{state.root}/kubelet/resolv.conf",  # empty: pods see nothing of the host's
        "podLogsDir": f"{state.logs}/pods",
    }
    return json.dumps(config, indent=1)


def corefile(state: State) -> str:
    """CoreDNS runs beside the kubelet; pods see it through a Service without selector.

    Names outside the cluster do not exist: there is no way out of it. That is a block of its own, because
    template comes before kubernetes in CoreDNS's order of plugins, whatever the order here.
    """
    return f"""cluster.local:53 {{
  bind {NODE_IP}
  kubernetes cluster.local {{
    kubeconfig {state.kubeconfig("admin")}
  }}
  errors
  ready {DNS_READY}
}}
.:53 {{
  bind {NODE_IP}
  template ANY ANY {{
    rcode NXDOMAIN
  }}
  errors
}}
"""


def local_path(state: State) -> str:
    """Dynamic volumes as kind and k3s have them: directories of the node."""
    paths = [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(state.volumes)]}]
    return json.dumps({"nodePathMap": paths})


def files(state: State) -> dict[Path, str]:
    """Every configuration file of the node, by path."""
    return {
        state.root / "containerd" / "config.toml": containerd(state),
        state.root / "cni" / "10-bridge.conflist": bridge(),
        state.root / "kubelet" / "config.yaml": kubelet(state),
        state.root / "kubelet" / "resolv.conf": "",
        state.root / "Corefile": corefile(state),
        state.root / "local-path.json": local_path(state),
    }
