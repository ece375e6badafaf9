"""`list`: the toolboxes, and how they change."""

import time
from collections.abc import Sequence

import click

from troubleshooter_cli import listing, options, tables, talk
from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import TROUBLESHOOTER, Json
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox, toolbox


@options.command("list", "list -w")
@options.all_namespaces
@click.option("-w", "--watch", is_flag=True, help="Go on, with a line for each change.")
@options.output()
@options.pass_invocation
def command(invocation: Invocation, *, all_namespaces: bool, watch: bool, output: str) -> None:
    """List toolboxes: whether a shell can be opened, whose they are, until when."""
    if watch and output not in {"", "wide"}:
        raise UsageError(f"-w shows a table, not {output}", "leave out -o, or use kubectl get -w")
    namespace = None if all_namespaces else invocation.namespace
    things = invocation.api.items(TROUBLESHOOTER, namespace)
    if output in {"json", "yaml", "name"}:
        tables.write_objects(things, output)
        return
    rows = Rows(wide=output == "wide", namespaces=all_namespaces)
    if things or watch:
        rows.write([toolbox(thing) for thing in things])
    else:
        where = "any namespace" if all_namespaces else f"namespace {namespace}"
        talk.say(f"no toolboxes in {where}; {PROGRAM} start makes one")
    if watch:
        _follow(invocation, namespace, rows, things)


class Rows:
    """A table that can go on below its last row, in the same columns."""

    def __init__(self, *, wide: bool, namespaces: bool) -> None:
        self._wide = wide
        self._namespaces = namespaces
        self._columns: tables.Columns | None = None

    def write(self, boxes: Sequence[Toolbox], *, gone: bool = False) -> None:
        now = time.time()
        rows = [listing.row(box, now, wide=self._wide, namespaces=self._namespaces) for box in boxes]
        if gone:
            at = 2 + self._namespaces
            rows = [(*row[:at], "Deleted", *row[at + 1 :]) for row in rows]
        if self._columns is None:
            titles = listing.titles(wide=self._wide, namespaces=self._namespaces)
            self._columns = tables.Columns([titles, *rows])
            rows = [titles, *rows]
        self._columns.write(rows)


def _follow(invocation: Invocation, namespace: str | None, rows: Rows, shown: Sequence[Json]) -> None:
    """Each change as a row. Every watch begins with what is there: what is shown already is left out."""
    versions = {_key(thing): thing["metadata"]["resourceVersion"] for thing in shown}
    while True:
        for event in invocation.api.watch(TROUBLESHOOTER, namespace):
            thing = event["object"]
            if versions.get(_key(thing)) != thing["metadata"]["resourceVersion"]:
                versions[_key(thing)] = thing["metadata"]["resourceVersion"]
                rows.write([toolbox(thing)], gone=event["type"] == "DELETED")


def _key(thing: Json) -> str:
    return str(thing["metadata"]["uid"])
