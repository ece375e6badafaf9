"""`describe`: everything about one toolbox, and what to do about it."""

import time

import click

from troubleshooter_cli import description, options, tables
from troubleshooter_cli.choosing import named_or_chosen
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import TROUBLESHOOTER, Json
from troubleshooter_cli.pending import events_of, pod_events
from troubleshooter_cli.toolboxes import Toolbox


@options.command("describe", "describe web")
@click.argument("name", metavar="[NAME]", default="", required=False)
@options.pass_invocation
def command(invocation: Invocation, name: str) -> None:
    """Show all about a toolbox: its state, what to do, sessions, and events.

    Without NAME: your only running toolbox, or the only one that runs.
    """
    box = named_or_chosen(invocation, name)
    for line in description.facts(box, time.time()):
        click.echo(line)
    click.echo("State:")
    for line in description.conditions(box):
        click.echo(line)
    if rows := description.session_rows(box):
        click.echo(f"Sessions ({box.session_count} in this run):")
        tables.write_table(description.SESSION_TITLES, rows)
    if events := _events(invocation, box):
        click.echo("Events:")
        for line in description.event_lines(events):
            click.echo(line)


def _events(invocation: Invocation, box: Toolbox) -> list[Json]:
    ours = events_of(invocation.api, TROUBLESHOOTER, box.namespace, box.name)
    return [*ours, *pod_events(invocation.api, box)]
