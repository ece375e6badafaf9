"""`play`: a recording in this terminal."""

import sys

import click

from troubleshooter_cli import options
from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.selection import selection, session_argument
from troubleshooter_cli.sources import Sources


@options.command("play", "play web/last --idle-limit 2")
@session_argument()
@click.option(
    "--speed", type=click.FloatRange(min=0.01, max=1000), default=1.0, help="So many times as fast."
)
@click.option(
    "--idle-limit",
    type=click.FloatRange(min=0.01),
    default=None,
    metavar="SECONDS",
    help="Wait no longer than that where nothing happened.",
)
@click.option("--at", default="", metavar="TIME", help="Begin so far into the session, like 90s or 1h5m.")
@selection
def command(sources: Sources, *, session: str, speed: float, idle_limit: float | None, at: str) -> int:
    """Play a recording in this terminal.

    SESSION is an id, how an id begins, NAME/last or NAME/ID (NAME being the toolbox's); without it the
    latest. It is played where it lies, by the agent, which lets nothing through that does more than paint.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "play needs a terminal", "kubectl troubleshoot export --as txt prints the text of a recording"
        )
    shelf, found = sources.find(session)
    given = {
        "--speed": "" if speed == 1 else f"{speed:g}",
        "--idle-limit": f"{idle_limit:g}" if idle_limit else "",
        "--at": at,
    }
    words = [word for option, value in given.items() if value for word in (option, value)]
    return sources.open(shelf).show("play", found.id, *words, terminal=True)
