"""What a life in `lives` needs around it: our resources in a control plane, and a proxy before it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import crds
import pki
from api_client import Json, credentials
from api_proxy import Proxy
from control_plane import ControlPlane
from lives import API
from resource_objects import offer


def install(plane: ControlPlane) -> None:
    """CRDs and a default class; RBAC and policies are no matter of these tests."""
    crds.install(plane.admin)
    plane.admin.apply({"apiVersion": API, "kind": "TroubleshooterClass"} | _new(offer()))


def _new(thing: Json) -> Json:
    """Without what only the API server says of a thing."""
    kept = {name: thing["metadata"][name] for name in ("name", "annotations")}
    return thing | {"metadata": kept}


@contextmanager
def running_proxy(plane: ControlPlane) -> Iterator[Proxy]:
    """Before the API server of the control plane, with an administrator's rights."""
    certificate = new_certificate(plane, "proxy")
    proxy = Proxy(plane.url, credentials(plane.state.pki, "admin"), certificate)
    try:
        yield proxy
    finally:
        proxy.close()


def new_certificate(plane: ControlPlane, name: str) -> Path:
    """One for a server on the loopback, which those trust who trust the API server."""
    pki.issue(plane.state.pki, name, f"/CN={name}", "subjectAltName=IP:127.0.0.1")
    return plane.state.pki / f"{name}.crt"


def kubeconfig(plane: ControlPlane, proxy: Proxy, folder: Path) -> Path:
    """To the proxy, with a bearer token in the file `token` beside it."""
    token, path = folder / "token", folder / "proxy.kubeconfig"
    token.write_text("first")
    cluster = {"server": proxy.url, "certificate-authority": str(plane.state.pki / "ca.crt")}
    context = {"cluster": "proxy", "user": "operator"}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proxy",
        "contexts": [{"name": "proxy", "context": context}],
        "clusters": [{"name": "proxy", "cluster": cluster}],
        "users": [{"name": "operator", "user": {"tokenFile": str(token)}}],
    }
    path.write_text(json.dumps(config))
    return path
