"""The test cluster and what the host needs for it. stdout is for a shell to evaluate; talk goes to stderr."""

import argparse
import json
import sys
from dataclasses import asdict

import debian
import hostlock
import images
import lifecycle
import pki
import places
import python_env
import veth
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
    commands.add_parser("notice", help="say what the commands change on this host").set_defaults(run=notice)
    commands.add_parser("venv", help="make .venv from the lock file").set_defaults(run=venv)
    commands.add_parser("up", help="start the cluster, or join it").set_defaults(run=up)
    commands.add_parser("down", help="end the cluster").set_defaults(run=down)
    commands.add_parser("status", help="the live cluster as JSON; status 1 if there is none").set_defaults(run=status)
    commands.add_parser("env", help="the lines that `up` prints").set_defaults(run=env)
    image = commands.add_parser("image", help="build images of the Dockerfile; load them if the cluster is up")
    image.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {images.TARGETS}; all if none is named")
    image.set_defaults(run=image_)
    user = commands.add_parser("user", help="print the path of a kubeconfig for a user")
    user.add_argument("name")
    user.add_argument("--group", action="append", default=[], dest="groups")
    user.set_defaults(run=user_)
    return top


def notice(_arguments: argparse.Namespace) -> None:
    """Said before anything is done."""
    needed = debian.missing_here([*debian.VENV, *debian.CLUSTER])
    packages = f"Debian packages to install: {' '.join(needed)}" if needed else "Debian packages: none is missing"
    say(
        f"What this changes on the host:\n"
        f"- {packages}\n"
        f"- kept: {python_env.VENV}, {places.cache()} (programs, images, logs; about 3 GB) and Go's own caches\n"
        f"- while the cluster is up: one veth ({veth.LINK}) with a route to the pods, a network, a mount and a pid\n"
        f"  namespace, control groups, and {places.RUN}; `make cluster-down` takes them away"
    )


def venv(_arguments: argparse.Namespace) -> None:
    python_env.ensure(places.cache())


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


def image_(arguments: argparse.Namespace) -> None:
    if unknown := set(arguments.targets) - set(images.TARGETS):
        raise HarnessError(f"The Dockerfile has no target {' '.join(unknown)}: name one of {' '.join(images.TARGETS)}.")
    cache = places.cache()
    lifecycle.prepare(cache)
    with lifecycle.cache_lock(cache):
        built = [images.build_project(cache, target) for target in arguments.targets or images.TARGETS]
    if hostlock.is_held(places.LOCK):
        images.load(built)


def user_(arguments: argparse.Namespace) -> None:
    print(pki.write_kubeconfig(live().state, f"user-{arguments.name}", arguments.name, arguments.groups))


if __name__ == "__main__":
    sys.exit(main())
