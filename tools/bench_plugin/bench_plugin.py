"""`make bench-plugin`: how long a person waits, from the command to the prompt, and for a list of a thousand.

It uses the test cluster, which is brought up if it is not, and left as it was found. The short run of
`make bench-plugin BENCH=short` proves that all of it works; its figures mean nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import harness
import images
import listing
import machine
import opening
import operator_deployment
import places
import plugins_part
import searching
import seen as seen_by_watch
import settings
from figures import Row
from harness import CHECKOUT
from kubectl import Kubectl
from opening import Place
from registry import let_the_node_pull, running_registry
from stage import new_editor, new_namespace

PAGE: Final = CHECKOUT / "docs" / "benchmarks.md"
CLASS: Final = "bench"
TAG: Final = "bench"


@dataclass(frozen=True)
class Effort:
    """How much of everything."""

    warm: int
    cold: int
    toolboxes: int
    lists: int
    searched: int  # megabytes
    searches: int


FULL: Final = Effort(warm=7, cold=3, toolboxes=1000, lists=7, searched=1000, searches=3)
SHORT: Final = Effort(warm=1, cold=1, toolboxes=20, lists=1, searched=50, searches=1)


def main() -> int:
    """Measure everything, write the page."""
    options = parser().parse_args()
    effort = SHORT if options.short else FULL
    command = "make bench-plugin" + (" BENCH=short" if options.short else "")
    with tempfile.TemporaryDirectory() as folder:
        facts = machine.host(Path(folder), "cli")
        rows = [*opened(effort, Path(folder)), *listed(effort, Path(folder))]
    facts |= {"load after the run": f"{os.getloadavg()[0]:.2f}"}
    text = plugins_part.part(rows, facts, command=command, date=time.strftime("%Y-%m-%d"))
    before = options.output.read_text() if options.output.exists() else ""
    options.output.write_text(plugins_part.replaced(before, text))
    sys.stdout.write(text)
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="tools/bench_plugin", description="Measure the plugin.")
    found.add_argument("--short", action="store_true", help="only try it; the figures mean nothing")
    found.add_argument(
        "--output", type=Path, default=PAGE, help="the page whose part to write (default: %(default)s)"
    )
    return found


def listed(effort: Effort, folder: Path) -> list[Row]:
    with told(f"list of {effort.toolboxes:,}"):
        return listing.measure(folder / "plane", count=effort.toolboxes, rounds=effort.lists)


def opened(effort: Effort, folder: Path) -> list[Row]:
    """Warm with the image that the cluster was given; cold with one from a registry."""
    with harness.running_cluster() as cluster:
        admin = Kubectl(cluster.kubectl, cluster.kubeconfig)
        operator_deployment.deploy(admin)
        with new_namespace(admin) as namespace:
            person = new_editor(cluster, admin, namespace, "alice")
            environment = {**os.environ, "PATH": path_with_plugin(cluster.kubectl), "TERM": "xterm"}
            with seen_by_watch.watched(cluster.kubeconfig, namespace) as seen:
                image = images.names().of("toolbox")
                with told("warm"), offered(admin, image):
                    place = Place(person, environment, seen, CLASS, image)
                    rows = opening.measure(place, rounds=effort.warm, when="warm")
                with told(f"search of {effort.searched:,} MB"):
                    found = searching.measure(
                        place,
                        admin.in_namespace(namespace),
                        megabytes=effort.searched,
                        rounds=effort.searches,
                    )
                with told("cold"), in_registry(cluster, folder) as image, offered(admin, image):
                    place = Place(person, environment, seen, CLASS, image)
                    rows += opening.measure(place, rounds=effort.cold, when="cold", before=take_away)
        return [*rows, *found]


def path_with_plugin(kubectl: Path) -> str:
    """With the plugin of this checkout, and the cluster's kubectl."""
    return os.pathsep.join([str(Path(sys.executable).parent), str(kubectl.parent), os.environ["PATH"]])


@contextmanager
def offered(admin: Kubectl, image: str) -> Iterator[None]:
    """A class with this image; the rest is as in the class `default`."""
    default = admin.json("get", "troubleshooterclass", "default")
    spec = default["spec"] | {"images": {"default": image, "allowed": [image]}}
    kind = {"apiVersion": default["apiVersion"], "kind": default["kind"], "metadata": {"name": CLASS}}
    admin.apply(kind | {"spec": spec})
    try:
        yield
    finally:
        admin.run("delete", "troubleshooterclass", CLASS)


@contextmanager
def in_registry(cluster: harness.Cluster, folder: Path) -> Iterator[str]:
    """The toolbox image in a registry of this host, from which the node pulls it."""
    cache = places.cache()
    (folder / "registry").mkdir()
    with running_registry(folder / "registry", settings.HOST_IP) as address:
        let_the_node_pull(cluster.root, address)
        name = f"{address}/troubleshooter/toolbox:{TAG}"
        images.push(cache, images.build_project(cache, "toolbox"), name, plain_http=True)
        try:
            yield name
        finally:
            take_away()
            images.forget_loaded()  # the layers that were given to the node are gone with it
            harness.call("image")


def take_away() -> None:
    """So that the node has no toolbox image, by whatever name, nor layers of one."""
    listed = subprocess.run([*images.ctr(), "images", "list"], capture_output=True, text=True, check=True)
    lines = [line.split() for line in listed.stdout.splitlines()[1:]]
    ours = {digest for name, _type, digest, *_ in lines if "/toolbox" in name}
    names = [name for name, _type, digest, *_ in lines if digest in ours]
    if names:
        remove = [*images.ctr(), "images", "remove", "--sync", *names]
        subprocess.run(remove, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is being measured, and how long it took."""
    began = time.monotonic()
    yield
    sys.stderr.write(f"{what}: {time.monotonic() - began:.1f} s\n")


if __name__ == "__main__":
    sys.exit(main())
