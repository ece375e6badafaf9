"""Saves all files of a manifest, a few at a time, and tells what became of each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from troubleshooter_cli.download import Download
from troubleshooter_cli.errors import BrokenError, TroubleshootError
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.landing import Landing
from troubleshooter_cli.manifest import Entry, Step, entry_of, step

WORKERS: Final = 4  # each is a kubectl; more would only share the same line


@dataclass
class Report:
    """What became of each file; `failed` with why."""

    saved: list[Entry] = field(default_factory=list)
    had: list[Entry] = field(default_factory=list)
    running: list[Entry] = field(default_factory=list)
    failed: list[TroubleshootError] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """What became of further files."""
        self.saved += other.saved
        self.had += other.had
        self.running += other.running
        self.failed += other.failed


def entries_of(lines: Sequence[Json]) -> tuple[list[Entry], list[TroubleshootError]]:
    """The manifest, and what is wrong with the rest of its lines."""
    entries, wrong = [], list[TroubleshootError]()
    for line in lines:
        try:
            entries.append(entry_of(line))
        except BrokenError as error:
            wrong.append(error)
    return entries, wrong


def save(entries: Sequence[Entry], download: Download) -> Report:
    """Copy what is not here yet; nothing is said to be saved whose hash is not right."""
    report = Report()
    with ThreadPoolExecutor(WORKERS) as pool:
        futures = [(entry, pool.submit(_one, entry, download)) for entry in entries]
        for entry, future in futures:
            try:
                place = {Step.FETCH: report.saved, Step.HAVE: report.had, Step.LATER: report.running}
                place[future.result()].append(entry)
            except TroubleshootError as error:
                report.failed.append(error)
            except OSError as error:
                report.failed.append(
                    BrokenError(f"{entry.file} is not saved: {error.strerror}", "make room, then save again")
                )
            except BaseException:  # Ctrl-C: what is here stays, and the next save goes on with it
                download.stopped.set()
                pool.shutdown(cancel_futures=True)
                raise
    return report


def _one(entry: Entry, download: Download) -> Step:
    todo = planned(entry, download.landing)
    if todo is Step.KEEP:
        raise BrokenError(
            f"{download.landing.root / entry.file} is another file, and is kept as it is",
            "move it away, or choose another folder with -o",
        )
    if todo is Step.FETCH:
        download.fetch(entry)
    else:
        download.on_bytes(entry.bytes)
    return todo


def planned(entry: Entry, landing: Landing) -> Step:
    """What is to be done for a file, by what is here."""
    here, same = landing.state(entry)
    return step(entry, here=here, same=same)
