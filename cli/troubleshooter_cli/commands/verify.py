"""`verify`: whether recordings are what they were."""

from pathlib import Path

import click

from troubleshooter_cli import options, talk
from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.options import output
from troubleshooter_cli.saved import GOOD, verdicts
from troubleshooter_cli.selection import selection, session_argument
from troubleshooter_cli.shelves import Shelf
from troubleshooter_cli.sources import Sources
from troubleshooter_cli.tables import write_json, write_table
from troubleshooter_cli.wanted import Wanted

TITLES = ("ID", "STATE", "FILE", "WHAT IS WRONG")


@options.command("verify", "verify web")
@session_argument(what="NAME|SESSION")
@click.option(
    "--saved", metavar="DIR", default=None, type=click.Path(path_type=Path),
    help="Check what was saved to this folder instead, without a cluster.",
)  # fmt: skip
@output("json")
@selection
def command(sources: Sources, *, session: str, saved: Path | None, output: str) -> int:
    """Check recordings against summaries, index, and chain hash in the cluster.

    Of a toolbox (NAME), one SESSION, a claim, a volume, or all of the namespace. The chain hash of a run
    that has ended comes from the resource's status or the claim, out of reach of those who could write on
    the volume; with it whole runs are checked. Exit status 1 if something is wrong.
    """
    if saved and session:
        raise UsageError(f"{session!r} and --saved cannot be given together", "leave out one of them")
    found, is_good = _of_folder(saved) if saved else _where_they_are(sources, session)
    if output == "json":
        write_json(found)
    elif found:
        write_table(TITLES, [_row(verdict) for verdict in found])
    if not found:
        talk.say(f"no recordings {f'in {saved}' if saved else sources.place}")
    if not is_good:
        talk.complain("not all of it is what was recorded", "the last column says what is wrong")
    return sources.status(0 if is_good else 1)


def _of_folder(folder: Path) -> tuple[list[Json], bool]:
    found = list(verdicts(folder))
    return found, all(verdict["state"] == GOOD for verdict in found)


def _where_they_are(sources: Sources, session: str) -> tuple[list[Json], bool]:
    shelves, wanted = sources.asked(session)
    checked = [
        readings.judge("verify", *_words(shelf, wanted), "--json")
        for shelf, readings in sources.open_each(shelves)
    ]
    return [verdict for found, _ in checked for verdict in found], all(good for _, good in checked)


def _words(shelf: Shelf, wanted: Wanted) -> list[str]:
    """One recording, or all of the shelf with the chain hash that the cluster has of them."""
    if wanted.is_one:
        return [wanted.id]
    return ["--chain", shelf.chain] if shelf.chain else []


def _row(verdict: Json) -> tuple[str, ...]:
    faults = verdict.get("faults") or []
    told = "; ".join(map(str, faults)) if isinstance(faults, list) else str(faults)
    return (*(str(verdict.get(name) or "") for name in ("id", "state", "file")), told)
