"""`search`: a text in all recordings."""

import click

from troubleshooter_agent.contract import format_duration
from troubleshooter_cli import options, talk
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.options import output
from troubleshooter_cli.selection import selection
from troubleshooter_cli.sources import Sources
from troubleshooter_cli.tables import write_json, write_table

TITLES = ("TIME", "AT", "TOOLBOX", "ID", "USER", "LINE")


@options.command("search", "search 'connection refused' web")
@click.argument("text")
@click.argument("name", metavar="[NAME]", default="", required=False)
@click.option("-i", "--ignore-case", is_flag=True, help="Take capital and small letters for the same.")
@output("json")
@selection
def command(sources: Sources, *, text: str, name: str, ignore_case: bool, output: str) -> int:
    """Find a text in what recorded terminals showed: when, who, and the line.

    In all recordings of the namespace, or of a toolbox (NAME), a claim or a volume. Exit status 1 if it is
    in none.
    """
    words = ["search", *(["--ignore-case"] if ignore_case else []), "--json", "--", text]
    shelves = sources.shelves(name)
    found = [hit for _, each in sources.open_each(shelves) for hit in each.objects(*words, fine={0, 1})]
    hits = sorted(
        (hit for hit in found if name in {"", _toolbox(hit)[1]}), key=lambda hit: str(hit.get("time"))
    )
    if output == "json":
        write_json(hits)
    elif hits:
        write_table(TITLES, [_row(hit) for hit in hits])
    if not hits:
        talk.say(f"{talk.printable(text)!r} is in no recording {sources.place}")
    return sources.status(0 if hits else 1)


def _toolbox(hit: Json) -> tuple[str, str]:
    namespace, name, *_ = (*str(hit.get("file", "")).split("/"), "", "")
    return namespace, name


def _row(hit: Json) -> tuple[str, ...]:
    at = hit.get("at")
    shown = format_duration(at) if isinstance(at, int | float) else ""
    return (
        _text(hit, "time"),
        shown,
        "/".join(_toolbox(hit)),
        _text(hit, "id"),
        _text(hit, "user"),
        _text(hit, "line"),
    )


def _text(hit: Json, name: str) -> str:
    return str(hit.get(name) or "")
