"""The cluster's certificate authority, its certificates and the kubeconfigs made of them, by openssl."""

import base64
import json
import os
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import settings
from places import State

DAYS = ("-days", "30")
CURVE = "prime256v1"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{CURVE}", "-nodes")
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


def make_all(state: State, server: str = settings.API_URL) -> None:
    """Authority, certificate, service account key, and a kubeconfig for each part of the cluster."""
    state.pki.mkdir(mode=0o700, parents=True)
    openssl = partial(_openssl, state.pki)
    openssl("req", "-x509", *NEW_KEY, "-keyout", "ca.key", "-out", "ca.crt", *DAYS, "-subj", "/CN=kube-ca")
    issue(state.pki, "apiserver", "/O=kube/CN=kube-apiserver", "subjectAltName=" + ",".join(SERVER_NAMES))
    openssl("ecparam", "-genkey", "-noout", "-name", CURVE, "-out", "sa.key")
    openssl("ec", "-in", "sa.key", "-pubout", "-out", "sa.pub")
    for name, user, organisation in CLIENTS:
        write_kubeconfig(state, name, user, [organisation], server)


def write_kubeconfig(
    state: State, name: str, user: str, groups: Sequence[str], server: str = settings.API_URL
) -> Path:
    """The path of a kubeconfig whose certificate the cluster takes as this user in these groups."""
    subject = "".join(f"/O={group}" for group in groups) + f"/CN={user}"
    issue(state.pki, name, subject, "extendedKeyUsage=clientAuth")
    config = state.kubeconfig(name)
    config.parent.mkdir(mode=0o700, exist_ok=True)
    part = config.with_suffix(f".{os.getpid()}")  # others may be reading the old one
    part.touch(mode=0o600)
    part.write_text(_kubeconfig(state.pki, name, user, server))
    part.rename(config)
    return config


def issue(pki: Path, name: str, subject: str, extension: str) -> None:
    """NAME.crt and NAME.key in the folder of the authority, signed by it."""
    (pki / f"{name}.ext").write_text(f"{extension}\n")
    signer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", *DAYS)
    files = ("-in", f"{name}.csr", "-extfile", f"{name}.ext", "-out", f"{name}.crt")
    _openssl(pki, "req", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
    _openssl(pki, "x509", "-req", *signer, *files)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, check=True)


def _kubeconfig(pki: Path, name: str, user: str, server: str) -> str:
    """JSON, which is YAML too; with the certificates inside, so that the file works wherever it is copied."""

    def inline(file: str) -> str:
        return base64.b64encode((pki / file).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": inline("ca.crt")}
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
