"""Kubernetes and its neighbours, built from Go modules and kept in the cache by what they are built from."""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import golang
import places
from leftovers import keep_latest
from progress import run, step

MODULES = places.HERE / "modules"
BUILDS_KEPT = 2
_KUBERNETES = re.compile(r"^\tk8s\.io/kubernetes (v\S+)", re.MULTILINE)
PROGRAMS = {  # by usual name: module and file, which Go names after the last part of the package's path
    "etcd": ("etcd", "server"),
    "local-path-provisioner": ("local-path-provisioner", "local-path-provisioner"),
    "coredns": ("coredns", "coredns"),
    "kube-apiserver": ("control-plane", "kube-apiserver"),
    "kube-controller-manager": ("control-plane", "kube-controller-manager"),
    "kube-proxy": ("control-plane", "kube-proxy"),
    "kube-scheduler": ("control-plane", "kube-scheduler"),
    "kubectl": ("control-plane", "kubectl"),
    "kubelet": ("control-plane", "kubelet"),
}
# What single tests run besides; built when the first of them asks.
OPTIONAL_PROGRAMS = {
    "helm": ("helm", "helm"),
    "gator": ("gator", "gator"),
    "kwok": ("kwok", "kwok"),
    "kube-apiserver-1.30": ("control-plane-1.30", "kube-apiserver"),
}


@dataclass(frozen=True)
class Module:
    """A go.mod whose `tool` lines name the programs; `minutes` is what two cores take with nothing cached."""

    name: str
    minutes: int

    @property
    def folder(self) -> Path:
        return MODULES / self.name

    def flags(self) -> list[str]:
        """The flags of `go build`; Kubernetes learns its version only from them."""
        stamp = version_stamp((self.folder / "go.mod").read_text())
        return ["-buildvcs=false", "-trimpath", "-ldflags", f"-s -w{stamp}"]

    def home(self, cache: Path) -> Path:
        """Where its programs are once built."""
        content = places.content_of([self.folder], places.HERE, *self.flags())
        return cache / "bin" / f"{self.name}-{content}"


# Small ones first: what is wrong with the network or with Go shows early.
ALL = (
    Module("etcd", minutes=1),
    Module("local-path-provisioner", minutes=1),
    Module("coredns", minutes=2),
    Module("control-plane", minutes=6),
)

OPTIONAL = (
    Module("helm", minutes=2),
    Module("gator", minutes=3),
    Module("kwok", minutes=3),
    Module("control-plane-1.30", minutes=4),
)


def version_stamp(go_mod: str) -> str:
    """The linker's flag that tells Kubernetes its version, from go.mod's line about it, if any."""
    match = _KUBERNETES.search(go_mod)
    return f" -X k8s.io/component-base/version.gitVersion={match[1]}" if match else ""


def build(cache: Path, modules: Sequence[Module] = ALL) -> None:
    """Build what is not in the cache yet. One after another: each `go build` uses every core by itself."""
    todo = [module for module in modules if not module.home(cache).exists()]
    if not todo:
        return
    go = golang.find(cache)
    for module in todo:
        _build(go, module, cache)


def _build(go: str, module: Module, cache: Path) -> None:
    home = module.home(cache)
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    log = cache / "logs" / f"build-{module.name}.log"
    log.unlink(missing_ok=True)
    # -v names each package in the log as it is compiled: that is the progress which is shown.
    command = [go, "build", "-v", *module.flags(), "-o", f"{partial}{os.sep}", "tool"]
    with step(f"building {module.name} (about {module.minutes} min the first time)", log):
        run(command, log, cwd=module.folder, env={**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"})
    partial.rename(home)
    content = "[0-9a-f]" * 12  # of control-plane alone, not of control-plane-1.30 too
    keep_latest(home.parent.glob(f"{module.name}-{content}"), BUILDS_KEPT)


def programs(cache: Path) -> dict[str, Path]:
    """The path of every program by its usual name."""
    homes = {module.name: module.home(cache) for module in ALL}
    return {name: homes[module] / file for name, (module, file) in PROGRAMS.items()}


def optional_program(cache: Path, name: str) -> Path:
    """The path of a program that only some tests run; built if it is not in the cache."""
    folder, file = OPTIONAL_PROGRAMS[name]
    (module,) = (module for module in OPTIONAL if module.name == folder)
    build(cache, [module])
    return module.home(cache) / file
