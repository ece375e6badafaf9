"""`sessions`: what was recorded."""

from collections.abc import Sequence

import click

from troubleshooter_cli import options, talk
from troubleshooter_cli.errors import TroubleshootError
from troubleshooter_cli.options import output
from troubleshooter_cli.recordings import TITLES, Recording, in_order
from troubleshooter_cli.selection import selection
from troubleshooter_cli.shelves import Shelf
from troubleshooter_cli.sources import Sources
from troubleshooter_cli.tables import write_json, write_table

READ_AT_MOST = 5  # pods, each with a kubectl


@options.command("sessions", "sessions web")
@click.argument("name", metavar="[NAME]", default="", required=False)
@output("json")
@selection
def command(sources: Sources, *, name: str, output: str) -> int:
    """Show what was recorded, the oldest first.

    Of one toolbox (NAME), claim or volume: every recording on it. Without any of them: what can be told
    without making a pod for it, and where there may be more.
    """
    is_chosen = bool(name or sources.scope.claim or sources.scope.volume)
    found = _on_volumes(sources, name) if is_chosen else _at_hand(sources)
    if output == "json":
        write_json([one.json for one in found])
    elif found:
        write_table(TITLES, [one.row for one in found])
    if not found:
        talk.say(f"no recordings{f' of {name}' if name else ''} {sources.place}")
    return sources.status(0)


def _on_volumes(sources: Sources, name: str) -> list[Recording]:
    return in_order(
        one
        for _, readings in sources.open_each(sources.shelves(name))
        for one in readings.recordings()
        if name in {"", one.name}
    )


def _at_hand(sources: Sources) -> list[Recording]:
    """What the statuses tell, and, where they are few, the pods that run anyway, which know sooner."""
    world = sources.world
    found = [one for _, one in world.recordings()]
    open_now = [shelf for shelf in world.shelves if world.reader(shelf)]
    more = [shelf for shelf in world.shelves if shelf not in open_now]
    for shelf in open_now[:READ_AT_MOST]:
        try:
            found = sources.open(shelf).recordings() + found
        except TroubleshootError:  # whoever may only look at toolboxes sees what their statuses tell
            more.append(shelf)
    _hint(more, found)
    return in_order(found)


def _hint(more: Sequence[Shelf], found: Sequence[Recording]) -> None:
    told = {(one.namespace, one.name) for one in found}
    unknown = [shelf for shelf in more if not told.intersection(shelf.owners)]
    if unknown:
        claims = ", ".join(talk.printable(str(shelf)) for shelf in unknown[:10])
        talk.hint(f"not looked at, since no pod has them open: {claims}")
    if more:
        talk.hint("every recording of one: kubectl troubleshoot sessions NAME, or --claim NAME")
