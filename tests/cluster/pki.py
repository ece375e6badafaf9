"""The cluster's certificate authority, its certificates and the kubeconfigs made of them; openssl does the work."""

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import settings
from places import State

DAYS = "30"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
SERVER_NAMES = (
    "DNS:kubernetes",
    "DNS:kubernetes.default",
    "DNS:kubernetes.default.svc",
    "DNS:kubernetes.default.svc.cluster.local",
    "DNS:localhost",
    "IP:127.0.0.1",
    f"IP:{settings.API_SERVICE_IP}",
    f"IP:{settings.NODE_IP}",
)
# Who the parts of the cluster are: file name, common name, organisation.
CLIENTS = (
    ("admin", "admin", "system:masters"),
    ("node", f"system:node:{settings.NODE_NAME}", "system:nodes"),
    ("controller-manager", "system:kube-controller-manager", "system:kube-controller-manager"),
    ("scheduler", "system:kube-scheduler", "system:kube-scheduler"),
    ("proxy", "system:kube-proxy", "kube"),
)


def make_all(state: State) -> None:
    """Authority, server, service account key, and a kubeconfig for each part of the cluster."""
    state.pki.mkdir(mode=0o700, parents=True)
    _openssl(state.pki, ["req", "-x509", *CURVE, "-keyout", "ca.key", "-out", "ca.crt", "-days", DAYS, "-subj", "/CN=kube-ca"])
    _issue(state.pki, "apiserver", "/O=kube/CN=kube-apiserver", "subjectAltName=" + ",".join(SERVER_NAMES))
    _openssl(state.pki, ["ecparam", "-genkey", "-noout", "-name", "prime256v1", "-out", "sa.key"])
    _openssl(state.pki, ["ec", "-in", "sa.key", "-pubout", "-out", "sa.pub"])
    for name, user, organisation in CLIENTS:
        write_kubeconfig(state, name, user, [organisation])


def write_kubeconfig(state: State, name: str, user: str, groups: Sequence[str]) -> Path:
    """The path of a kubeconfig whose certificate the cluster takes as this user in these groups."""
    subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
    _issue(state.pki, name, subject, "extendedKeyUsage=clientAuth")
    config = state.kubeconfig(name)
    config.parent.mkdir(mode=0o700, exist_ok=True)
    config.touch(mode=0o600)
    config.write_text(_kubeconfig(state.pki, name, user))
    return config


def _issue(pki: Path, name: str, subject: str, extension: str) -> None:
    (pki / f"{name}.ext").write_text(f"{extension}\n")
    _openssl(pki, ["req", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject])
    _openssl(
        pki,
        ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS]
        + ["-extfile", f"{name}.ext", "-out", f"{name}.crt"],
    )


def _openssl(folder: Path, arguments: Sequence[str]) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def _kubeconfig(pki: Path, name: str, user: str) -> str:
    """JSON, which is YAML too; with the certificates inside, so that the file works wherever it is copied."""

    def inline(file: str) -> str:
        return base64.b64encode((pki / file).read_bytes()).decode()

    cluster = {"server": settings.API_URL, "certificate-authority-data": inline("ca.crt")}
    credentials = {
        "client-certificate-data": inline(f"{name}.crt"),
        "client-key-data": inline(f"{name}.key"),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": settings.CLUSTER_NAME, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": user, "context": {"cluster": settings.CLUSTER_NAME, "user": user}}],
        "current-context": user,
    }
    return json.dumps(config, indent=1)
