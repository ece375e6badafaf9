"""`again`: the next run of a toolbox, on the same volume."""

import click

from troubleshooter_cli import options, talk
from troubleshooter_cli.choosing import named
from troubleshooter_cli.errors import TroubleshootError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import TROUBLESHOOTER, Json
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox, toolbox
from troubleshooter_cli.visits import at_a_terminal, await_shell, visit


@options.command("again", "again web")
@click.argument("name", metavar="NAME")
@click.option("--detach", "--no-shell", is_flag=True, help="Wait until it is ready, but open no shell.")
@options.pass_invocation
def command(invocation: Invocation, name: str, *, detach: bool) -> int:
    """Start an ended toolbox again on the same volume, and open a shell in it."""
    box = named(invocation, name)
    if box.is_running:
        raise TroubleshootError(
            f"toolbox {name} has not ended", f"{PROGRAM} shell {name} opens a shell in it"
        )
    changed = invocation.api.patch(TROUBLESHOOTER, box.namespace, name, next_run(box))
    ready = await_shell(invocation, toolbox(changed))
    if detach or not at_a_terminal():
        talk.say(f"toolbox {name} is ready: {PROGRAM} shell {name} opens a shell in it")
        return 0
    return visit(invocation, ready)


def next_run(box: Toolbox) -> Json:
    """The patch that starts it: the next number, or the same if that one never began.

    Of somebody else's change in between the API server would not tell, so the version goes with it.
    """
    last = int(box.status.get("run") or 0)
    run = max(box.run, last + 1) if last else box.run
    return {
        "metadata": {"resourceVersion": box.json["metadata"]["resourceVersion"]},
        "spec": {"state": "Running", "run": run},
    }
