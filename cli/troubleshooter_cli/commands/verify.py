"""`verify`: whether recordings are what they were."""

from collections.abc import Iterator

from troubleshooter_cli import options, talk
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.options import output
from troubleshooter_cli.selection import selection, session_argument
from troubleshooter_cli.shelves import Shelf
from troubleshooter_cli.sources import Sources
from troubleshooter_cli.tables import write_json, write_table
from troubleshooter_cli.wanted import LAST, parse

TITLES = ("ID", "STATE", "FILE", "WHAT IS WRONG")


@options.command("verify", "verify web")
@session_argument(what="NAME|SESSION")
@output("json")
@selection
def command(sources: Sources, *, session: str, output: str) -> int:
    """Check recordings against their summaries, their index and the chain hash in the cluster.

    Of a toolbox (NAME), one SESSION, a claim, a volume, or all of the namespace. The chain hash of a run
    that has ended comes from the resource's status or the claim, out of reach of those who could write on
    the volume; with it whole runs are checked. Exit status 1 if something is wrong.
    """
    checked = [_judged(sources, shelf, words) for shelf, words in _asked(sources, session)]
    found = [verdict for verdicts, _ in checked for verdict in verdicts]
    if output == "json":
        write_json(found)
    elif found:
        write_table(TITLES, [_row(verdict) for verdict in found])
    if not found:
        talk.say(f"no recordings {sources.place}")
    is_good = all(good for _, good in checked)
    if not is_good:
        talk.complain("not all of it is what was recorded", "the last column says what is wrong")
    return 0 if is_good else 1


def _asked(sources: Sources, text: str) -> Iterator[tuple[Shelf, list[str]]]:
    """Each shelf to look at, and the words for the agent's `verify`."""
    wanted = parse(text, sources.world.names)
    if wanted.id or text.endswith(f"/{LAST}"):
        shelf, found = sources.find(text)
        yield shelf, [found.id]
        return
    for shelf in sources.shelves(wanted.name):
        yield shelf, ["--chain", shelf.chain] if shelf.chain else []


def _judged(sources: Sources, shelf: Shelf, words: list[str]) -> tuple[list[Json], bool]:
    return sources.open(shelf).judge("verify", *words, "--json")


def _row(verdict: Json) -> tuple[str, ...]:
    faults = verdict.get("faults") or []
    told = "; ".join(map(str, faults)) if isinstance(faults, list) else str(faults)
    return (*(str(verdict.get(name) or "") for name in ("id", "state", "file")), told)
