"""`delete`: the end of a toolbox as a resource; never of a recording."""

import click

from troubleshooter_cli import options, talk
from troubleshooter_cli.choosing import named
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import TROUBLESHOOTER
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox


@options.command("delete", "delete web")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@options.pass_invocation
def command(invocation: Invocation, names: tuple[str, ...]) -> int:
    """Delete toolboxes and end what runs in them; their recordings stay."""
    for name in names:
        box = named(invocation, name)
        invocation.api.delete(TROUBLESHOOTER, box.namespace, name, uid=box.uid)
        talk.say(f"toolbox {name} deleted")
        talk.hint(talk.printable(what_stays(box)))
    return 0


def what_stays(box: Toolbox) -> str:
    """Where the recordings are, and how to see them."""
    if not box.claim:
        return "  nothing stays: this toolbox saved no recordings"
    if not box.volume:
        return f"  claim {box.claim} stays, if it was made"
    return (
        f"  its recordings stay, on claim {box.claim} and volume {box.volume}: "
        f"{PROGRAM} sessions --claim {box.claim}"
    )
