"""`save`: copies of recordings here, believed only when their hashes are right."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from troubleshooter_cli import options, talk
from troubleshooter_cli.download import Download, OnBytes, Source
from troubleshooter_cli.landing import Landing
from troubleshooter_cli.manifest import Entry
from troubleshooter_cli.saving import Report, entries_of, save
from troubleshooter_cli.selection import selection, session_argument
from troubleshooter_cli.sources import Sources
from troubleshooter_cli.wanted import Wanted

BROKEN = 7  # as the tree of errors has it


@options.command("save", "save web -o evidence")
@session_argument(what="NAME|SESSION")
@click.option(
    "-o", "--output", metavar="DIR", default="recordings", show_default=True, type=click.Path(path_type=Path),
    help="The folder to save to; the same one again goes on where it stopped.",
)  # fmt: skip
@selection
def command(sources: Sources, *, session: str, output: Path) -> int:
    """Copy recordings here, and check their hashes.

    Of a toolbox (NAME), one SESSION, a claim, a volume, or all of the namespace. They come to
    DIR/NAMESPACE/NAME/, with summaries, index and README. A connection that breaks off is made again, and
    each file goes on where it stopped; it is saved when its hash is right and it is on the disk. What runs
    is left for later.
    """
    shelves, wanted = sources.asked(session)
    whole = Report()
    for shelf, readings in sources.open_each(shelves):
        source = Source(readings, partial(sources.renew, shelf))
        whole.add(_save(source, wanted, Landing(output)))
    for entry in (*whole.had, *whole.saved):
        click.echo(output / entry.file)
    _tell(whole, output)
    return sources.status(BROKEN if whole.failed else 0)


def _save(source: Source, wanted: Wanted, landing: Landing) -> Report:
    words = [wanted.id] if wanted.is_one else []
    lines = list(source.readings.objects("export", "--manifest", *words))
    entries, wrong = entries_of(lines)
    entries = [entry for entry in entries if not wanted.name or entry.parts[-2:-1] in {(), (wanted.name,)}]
    with progress_of(entries) as on_bytes:
        report = save(entries, Download(source, landing, on_bytes))
    report.failed.extend(wrong)
    return report


@contextmanager
def progress_of(entries: list[Entry]) -> Iterator[OnBytes]:
    """A bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress  # noqa: PLC0415 - a tenth of a second, only where it is seen
    from rich.console import Console  # noqa: PLC0415

    total = sum(entry.bytes for entry in entries if not entry.running)
    text = progress.TextColumn("{task.description}")
    columns = (text, progress.BarColumn(), progress.DownloadColumn(), progress.TransferSpeedColumn())
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"saving {len(entries)} files", total=total)
        yield lambda count: bar.advance(task, count)


def _tell(report: Report, folder: Path) -> None:
    for error in report.failed:
        talk.complain(error.sentence, error.remedy)
    for entry in report.running:
        if entry.id:
            talk.say(f"session {talk.printable(entry.id)} still runs: save again when it has ended")
    files = [*report.saved, *report.had]
    if not (files or report.failed or report.running):
        talk.say("nothing to save")
        return
    size = sum(entry.bytes for entry in files)
    known = f", {len(report.had)} of them before" if report.had else ""
    rest = f"; {len(report.failed)} are not" if report.failed else ""
    talk.say(f"saved in {folder}: {len(files)} files, {size} bytes, hashes right{known}{rest}")
