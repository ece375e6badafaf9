"""What `kubectl troubleshoot` does without a command: it leads to a shell, step by step."""

import sys
import time
from collections.abc import Sequence

import click

from troubleshooter_cli import listing, orders, tables, talk
from troubleshooter_cli.choosing import in_namespace
from troubleshooter_cli.commands.start import create
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.options import pass_invocation
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox
from troubleshooter_cli.visits import at_a_terminal, await_shell, visit

NEW = "n"


@click.command("begin")
@pass_invocation
@click.pass_context
def command(context: click.Context, invocation: Invocation) -> int:
    """Say where you are, and open a shell in a toolbox of yours or in a new one."""
    if not (at_a_terminal() and sys.stderr.isatty()):
        click.echo(context.find_root().get_help())
        return 0
    with talk.waiting("asking the cluster"):
        user, boxes = invocation.user, in_namespace(invocation)
    talk.say(talk.printable(f"you are {user}, in namespace {invocation.namespace}"))
    mine = [box for box in boxes if box.is_running and box.is_of(user)]
    box = _chosen(mine) if mine else None
    if box is None:
        box = _new(invocation, user, {each.name for each in boxes})
    return visit(invocation, await_shell(invocation, box))


def _chosen(mine: Sequence[Toolbox]) -> Toolbox | None:
    """One of the person's toolboxes, None for a new one."""
    talk.say("these toolboxes of yours are there:")
    now = time.time()
    rows = [(str(number), *listing.row(box, now)) for number, box in enumerate(mine, 1)]
    tables.write_table(("", *listing.titles()), rows, sys.stderr)
    choices = [*(row[0] for row in rows), NEW]
    answer = click.prompt(
        f"open a shell in one, or make a new one ({NEW})?",
        type=click.Choice(choices),
        default="1",
        err=True,
    )
    return None if answer == NEW else mine[int(answer) - 1]


def _new(invocation: Invocation, user: str, taken: set[str]) -> Toolbox:
    talk.say(
        "a toolbox is a pod with network tools; what its terminal shows is recorded, for you and your team"
    )
    name = click.prompt("its name", default=orders.name_for(user, taken), err=True)
    purpose = click.prompt(
        "what for (one line, goes with the recording)", default="", show_default=False, err=True
    )
    box = create(invocation, orders.manifest(name, orders.spec_of({"purpose": purpose})))
    talk.hint(f"the same without questions: {PROGRAM} start {box.name} --purpose ...")
    return box
