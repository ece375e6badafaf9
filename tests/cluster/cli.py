"""The test cluster and what the host needs for it. stdout is for a shell to evaluate; talk goes to stderr."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asciinema3
import current
import debian
import hostlock
import images
import lifecycle
import pki
import places
import python_env
import veth
import webplayer
from hostlock import Record
from naming import DEFAULT
from places import State
from progress import HarnessError, say


def main() -> int:
    arguments = parser().parse_args()
    try:
        arguments.run(arguments)
    except HarnessError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="cli.py", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        return command

    told = add("notice", notice, "say what the other commands change on this host")
    told.add_argument("--tests", action="store_true", help="with what the tests need")
    add("venv", venv, "make .venv from the lock file")
    add("tests", tests, "install the programs that the tests record")
    add("soak", soak, "install the players and the browser that the long tests run")
    add("up", up, "start the cluster, or join it; print what a shell needs to use it")
    add("down", down, "end the cluster")
    add("status", status, "print the live cluster's record as JSON; exit status 1 if there is none")
    add("env", env, "print what `up` prints")
    image = add("image", build_images, "build images of the Dockerfile; load them if the cluster is up")
    image.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"{' or '.join(images.TARGETS)}; both if none"
    )
    add("push", push_images, "build both images and push them to the registry that IMG names")
    add("named", name_images, "copy manifests from stdin to stdout, with the images that IMG names")
    user = add("user", make_user, "print the path of a kubeconfig for a user of the cluster")
    user.add_argument("name")
    user.add_argument("--group", action="append", default=[], dest="groups")
    return top


def notice(arguments: argparse.Namespace) -> None:
    """Said before anything is done."""
    if current.is_asked_for():
        notice_current()
        return
    cache = places.cache()
    say(f"What this changes on the host:\n- kept: {python_env.VENV}, and {cache} for logs")
    if os.geteuid() == 0:
        tests = debian.TESTS if arguments.tests else ()
        needed = debian.missing_here([*debian.VENV, *tests, *debian.CLUSTER])
        service = " (Debian starts containerd's service; the cluster does not use it)"
        say(
            f"- also kept: programs and images in {cache}, 3 GB; Go's own caches, 7 GB; {places.RUN}\n"
            f"- Debian packages to install: {' '.join(needed) or 'none, all are there'}"
            f"{service if 'containerd' in needed else ''}\n"
            f"- while the cluster is up: a veth ({veth.LINK}) with a route to the pods, namespaces\n"
            f"  (network, mount, pid), control groups; `make cluster-down` takes them away"
        )


def notice_current() -> None:
    registry = current.registry()
    say(
        f"What this changes in the cluster of {current.find().description} (CLUSTER=current):\n"
        "- CRDs, cluster roles, admission policies, the class `default`, namespace troubleshooter-system:\n"
        "  they stay, and take the place of what is there of them\n"
        "- while it runs: namespaces e2e-..., classes and users' bindings in them\n"
        f"- images pushed to {registry.address}{' without TLS' if registry.plain_http else ''}\n"
        f"And on the host: {python_env.VENV}, {places.cache()}, and Debian's packages to build images"
    )


def venv(_arguments: argparse.Namespace) -> None:
    python_env.ensure(places.cache())


def tests(_arguments: argparse.Namespace) -> None:
    debian.install(debian.TESTS, places.cache() / "logs" / "apt.log")


def soak(_arguments: argparse.Namespace) -> None:
    cache = places.cache()
    needed = debian.missing_here([*debian.TESTS, *webplayer.packages()])
    say(
        f"What this changes on the host:\n- kept: {python_env.VENV}; in {cache} players, logs and results\n"
        f"- Debian packages to install: {' '.join(needed) or 'none, all are there'}\n"
        f"- while it runs: loop devices with small file systems, pid and mount namespaces"
    )
    debian.install(needed, cache / "logs" / "apt.log")
    asciinema3.find(cache)
    webplayer.find(cache)


def up(_arguments: argparse.Namespace) -> None:
    if current.is_asked_for():
        say(f"CLUSTER=current: using {current.find().description}; images from {current.registry().address}")
        export_current()
    else:
        export(lifecycle.up(places.cache()))


def down(_arguments: argparse.Namespace) -> None:
    if current.is_asked_for():
        say(f"CLUSTER=current: {current.find().description} goes on; `make undeploy` takes the product away.")
    else:
        lifecycle.down()


def status(_arguments: argparse.Namespace) -> None:
    if current.is_asked_for():
        there = current.find()
        described: dict[str, Any] = {
            "kubectl": str(there.kubectl),
            "kubeconfig": str(there.write(theirs(), "admin")),
        }
    else:
        record = live()
        state = record.state
        described = {"kubectl": str(state.kubectl), "kubeconfig": str(state.kubeconfig("admin"))}
        described |= {"node": asdict(record)}
    print(json.dumps(described, indent=1))


def env(_arguments: argparse.Namespace) -> None:
    if current.is_asked_for():
        export_current()
    else:
        export(live().state)


def live() -> Record:
    """The cluster that is up, whoever's it is."""
    record = hostlock.read(places.LOCK)
    if record is None or not hostlock.is_held(places.LOCK):
        raise HarnessError("No cluster is up on this host: `make cluster-up` starts one.")
    return record


def export(state: State) -> None:
    print(f"export KUBECONFIG={state.kubeconfig('admin')}")
    print(f'export PATH={state.kubectl.parent}:"$PATH"')


def export_current() -> None:
    there = current.find()
    print(f"export KUBECONFIG={there.write(theirs(), 'admin')}")
    print(f'export PATH={there.kubectl.parent}:"$PATH"')


def theirs() -> Path:
    """Where the kubeconfigs for a cluster are that is not ours."""
    return places.cache() / f"current{places.SUFFIX}"


def build_images(arguments: argparse.Namespace) -> None:
    if unknown := set(arguments.targets) - set(images.TARGETS):
        choice = " or ".join(images.TARGETS)
        raise HarnessError(f"The Dockerfile has no target {' '.join(unknown)}: name {choice}.")
    targets = arguments.targets or images.TARGETS
    if current.is_asked_for():
        push(targets, plain_http=current.registry().plain_http)
        return
    cache = places.cache()
    with _building(cache):
        built = [images.build_project(cache, target, images.names()) for target in targets]
    if hostlock.is_held(places.LOCK):
        images.load(built)


def push_images(_arguments: argparse.Namespace) -> None:
    if images.names() == DEFAULT:
        raise HarnessError(
            "Name the registry: IMG=PREFIX:TAG, such as registry.example.org/troubleshooter:1.0"
        )
    push(images.TARGETS, plain_http=current.is_asked_for() and current.registry().plain_http)


def push(targets: Sequence[str], *, plain_http: bool) -> None:
    cache = places.cache()
    with _building(cache):
        built = {target: images.build_project(cache, target) for target in targets}
    for target, image in built.items():
        images.push(cache, image, images.names().of(target), plain_http=plain_http)


@contextmanager
def _building(cache: Path) -> Iterator[None]:
    """With what every build needs: the host's programs, the base image, nobody else at it."""
    images.names()  # before minutes of building, for its refusal
    lifecycle.need_root("Building images changes owners and roots")
    debian.install(debian.IMAGES, cache / "logs" / "apt.log")
    with lifecycle.cache_lock(cache):
        images.build_base(cache)
        yield


def name_images(_arguments: argparse.Namespace) -> None:
    sys.stdout.write(images.names().put_into(sys.stdin.read()))


def make_user(arguments: argparse.Namespace) -> None:
    if current.is_asked_for():
        name, groups = arguments.name, arguments.groups
        print(current.find().write(theirs(), f"user-{name}", name, groups))
        return
    print(pki.write_kubeconfig(live().state, f"user-{arguments.name}", arguments.name, arguments.groups))


if __name__ == "__main__":
    sys.exit(main())
