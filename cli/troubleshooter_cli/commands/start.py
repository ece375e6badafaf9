"""`start`: from nothing to a recorded shell."""

from typing import Any

import click

from troubleshooter_cli import options, orders, tables, talk
from troubleshooter_cli.choosing import in_namespace
from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import TROUBLESHOOTER, Json
from troubleshooter_cli.spec_options import spec_options
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox, toolbox
from troubleshooter_cli.visits import at_a_terminal, await_shell, visit


@options.command("start", "start web --purpose 'checkout answers 502'")
@click.argument("name", metavar="[NAME]", default="", required=False)
@spec_options
@click.option("--detach", "--no-shell", is_flag=True, help="Wait until it is ready, but open no shell.")
@click.option("--dry-run", is_flag=True, help="Have it checked by the cluster and print it; make nothing.")
@options.output("json", "yaml", "name")
@options.pass_invocation
def command(
    invocation: Invocation, /, name: str, *, detach: bool, dry_run: bool, output: str, **given: Any
) -> int:
    """Make a toolbox and open a recorded shell in it.

    NAME is the toolbox's; without it, one after you with a number. What no option says comes from the class.
    """
    if output and not (detach or dry_run):
        raise UsageError("-o needs --detach or --dry-run", "a shell would print into the same output")
    wanted = orders.manifest(name or default_name(invocation), orders.spec_of(given))
    if dry_run:
        invocation.api.create(TROUBLESHOOTER, invocation.namespace, wanted, dry_run=True)
        wanted["metadata"]["namespace"] = invocation.namespace
        tables.write_objects([wanted], output or "yaml")
        return 0
    box = create(invocation, wanted)
    if given["stopped"]:
        talk.say(f"toolbox {box.name} is made and stopped; {PROGRAM} again {box.name} starts it")
        return _show(box.json, output)
    if detach or not at_a_terminal():
        return _detached(invocation, box, output)
    return visit(invocation, await_shell(invocation, box))


def default_name(invocation: Invocation) -> str:
    """A free name after the person."""
    return orders.name_for(invocation.user, {box.name for box in in_namespace(invocation)})


def create(invocation: Invocation, wanted: Json) -> Toolbox:
    """The new toolbox; an error with the way on if one of its name is there."""
    from troubleshooter_cli.api import AlreadyExistsError  # noqa: PLC0415 - with it comes the Kubernetes client

    name = wanted["metadata"]["name"]
    try:
        return toolbox(invocation.api.create(TROUBLESHOOTER, invocation.namespace, wanted))
    except AlreadyExistsError as error:
        there = toolbox(invocation.api.get(TROUBLESHOOTER, invocation.namespace, name))
        raise AlreadyExistsError(*in_the_way(there)) from error


def in_the_way(there: Toolbox) -> tuple[str, str]:
    """What is said of a toolbox whose name somebody wants for a new one, and the way on."""
    name, state = there.name, "is there already" if there.is_running else "has ended"
    first = "shell" if there.is_running else "again"
    what = "opens a shell in it" if there.is_running else "starts it anew on the same volume"
    return f"toolbox {name} {state}", f"{PROGRAM} {first} {name} {what}; or take another name"


def _detached(invocation: Invocation, box: Toolbox, output: str) -> int:
    ready = await_shell(invocation, box)
    talk.say(f"toolbox {ready.name} is ready: {PROGRAM} shell {ready.name} opens a shell in it")
    return _show(ready.json, output)


def _show(thing: Json, output: str) -> int:
    if output:
        tables.write_objects([thing], output)
    return 0
