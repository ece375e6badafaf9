"""The test cluster and what the host needs for it. stdout is for a shell to evaluate; talk goes to stderr."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import asciinema3
import debian
import hostlock
import images
import lifecycle
import naming
import pki
import places
import python_env
import veth
import webplayer
from hostlock import Record
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
    export(lifecycle.up(places.cache()))


def down(_arguments: argparse.Namespace) -> None:
    lifecycle.down()


def status(_arguments: argparse.Namespace) -> None:
    print(json.dumps(asdict(live()), indent=1))


def env(_arguments: argparse.Namespace) -> None:
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


def build_images(arguments: argparse.Namespace) -> None:
    if unknown := set(arguments.targets) - set(images.TARGETS):
        choice = " or ".join(images.TARGETS)
        raise HarnessError(f"The Dockerfile has no target {' '.join(unknown)}: name {choice}.")
    cache = places.cache()
    with _building(cache):
        built = [images.build_project(cache, target) for target in arguments.targets or images.TARGETS]
    if hostlock.is_held(places.LOCK):
        images.load(built)


def push_images(_arguments: argparse.Namespace) -> None:
    if naming.chosen() == naming.DEFAULT:
        raise HarnessError(
            "Name the registry: IMG=PREFIX:TAG, such as registry.example.org/troubleshooter:1.0"
        )
    cache = places.cache()
    with _building(cache):
        for target in images.TARGETS:
            images.push(cache, images.build_project(cache, target))


@contextmanager
def _building(cache: Path) -> Iterator[None]:
    """With what every build needs: the host's programs, the base image, nobody else at it."""
    naming.chosen()  # before minutes of building, for its refusal
    lifecycle.need_root("Building images changes owners and roots")
    debian.install(debian.IMAGES, cache / "logs" / "apt.log")
    with lifecycle.cache_lock(cache):
        images.build_base(cache)
        yield


def name_images(_arguments: argparse.Namespace) -> None:
    names = naming.chosen()
    sys.stdout.write(names.put_into(sys.stdin.read()))


def make_user(arguments: argparse.Namespace) -> None:
    print(pki.write_kubeconfig(live().state, f"user-{arguments.name}", arguments.name, arguments.groups))


if __name__ == "__main__":
    sys.exit(main())
