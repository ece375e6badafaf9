"""The programs of the node and the flags each is started with. Pure: a table."""

from collections.abc import Mapping
from pathlib import Path

import places
import settings
from places import State

MANIFESTS = places.HERE / "manifests"
# Beta and off in 1.34 and 1.35, stable in 1.36.
MUTATING_POLICIES = (
    "--feature-gates=MutatingAdmissionPolicy=true",
    "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
)
ETCD = "http://127.0.0.1:2379"
ETCD_PEERS = "http://127.0.0.1:2380"

Command = list[str]


def storage(programs: Mapping[str, Path], state: State) -> dict[str, Command]:
    """What needs nothing else: the store and the container runtime."""
    return {
        "etcd": etcd(programs, state, ETCD, ETCD_PEERS),
        "containerd": ["containerd", f"--config={state.root}/containerd/config.toml"],
        "apiserver": [
            *api_server(programs, state, ETCD),
            "--bind-address=0.0.0.0",
            f"--advertise-address={settings.NODE_IP}",
            *MUTATING_POLICIES,
        ],
    }


def etcd(programs: Mapping[str, Path], state: State, clients: str, peers: str) -> Command:
    """The store, at these URLs."""
    return [
        str(programs["etcd"]),
        f"--data-dir={state.root}/etcd",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",  # nothing of it is kept
    ]


def api_server(programs: Mapping[str, Path], state: State, etcd: str) -> Command:
    """The API server, but for where it listens and which beta features it has."""
    return [
        str(programs["kube-apiserver"]),
        f"--etcd-servers={etcd}",
        f"--service-cluster-ip-range={settings.SERVICE_SUBNET}",
        f"--client-ca-file={state.pki}/ca.crt",
        f"--tls-cert-file={state.pki}/apiserver.crt",
        f"--tls-private-key-file={state.pki}/apiserver.key",
        f"--kubelet-client-certificate={state.pki}/admin.crt",
        f"--kubelet-client-key={state.pki}/admin.key",
        "--kubelet-preferred-address-types=InternalIP,Hostname",  # else exec asks DNS for the node's name
        f"--service-account-key-file={state.pki}/sa.pub",
        f"--service-account-signing-key-file={state.pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
    ]


def clients(programs: Mapping[str, Path], state: State) -> dict[str, Command]:
    """What is started once the API server answers."""
    return {
        "kubelet": [
            str(programs["kubelet"]),
            f"--config={state.root}/kubelet/config.yaml",
            f"--kubeconfig={state.kubeconfig('node')}",
            f"--hostname-override={settings.NODE_NAME}",
            f"--root-dir={state.root}/kubelet/root",
            f"--cert-dir={state.root}/kubelet/pki",
            f"--node-ip={settings.NODE_IP}",
        ],
        "controller-manager": controller_manager(programs, state),
        "scheduler": [
            str(programs["kube-scheduler"]),
            f"--kubeconfig={state.kubeconfig('scheduler')}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ],
        "proxy": [
            str(programs["kube-proxy"]),
            f"--kubeconfig={state.kubeconfig('proxy')}",
            "--proxy-mode=iptables",
            f"--hostname-override={settings.NODE_NAME}",
            f"--cluster-cidr={settings.POD_SUBNET}",
            "--conntrack-max-per-core=0",
            f"--bind-address={settings.NODE_IP}",
            f"--healthz-bind-address={settings.PROXY_READY}",
        ],
        "coredns": [str(programs["coredns"]), "-conf", f"{state.root}/Corefile"],
        "local-path": [
            str(programs["local-path-provisioner"]),
            "start",
            f"--config={state.root}/local-path.json",
            f"--kubeconfig={state.kubeconfig('admin')}",
            f"--helper-image={settings.BASE_IMAGE}",
            f"--helper-pod-file={MANIFESTS}/local-path-helper.yaml",
        ],
    }


def controller_manager(programs: Mapping[str, Path], state: State) -> Command:
    """Garbage collection, namespaces, service accounts, the binding of volumes."""
    return [
        str(programs["kube-controller-manager"]),
        f"--kubeconfig={state.kubeconfig('controller-manager')}",
        f"--service-account-private-key-file={state.pki}/sa.key",
        f"--root-ca-file={state.pki}/ca.crt",
        f"--cluster-signing-cert-file={state.pki}/ca.crt",
        f"--cluster-signing-key-file={state.pki}/ca.key",
        "--use-service-account-credentials",
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    ]
