"""`verify`: whether recordings are what their summaries, the index and a run's chain hash say they are.

It reads, and tells one line a recording and one a run. What lies on the volume proves nothing against
one who could write there: only a chain hash from elsewhere does, and it says so.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, TextIO

import orjson

from troubleshooter_agent.audit import Audit
from troubleshooter_agent.chains import Link, chain_of, not_in
from troubleshooter_agent.contract import parse_time
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.lines import LONGEST_LINE
from troubleshooter_agent.listing import printable
from troubleshooter_agent.pipes import reader_may_leave
from troubleshooter_agent.summary import INDEX
from troubleshooter_agent.volume import Found, ReadingError, is_running, select

GOOD: Final = "good"
RUNNING: Final = "running"
DIFFERS: Final = "differs"
_SUMMARY_BYTES: Final = 64 * 1024  # more than any that we wrote
_INDEX_BYTES: Final = 64 << 20
_CHAIN: Final = re.compile(r"[0-9a-f]{64}")
WARNING: Final = (
    "Whoever could write on the volume could have changed recordings, summaries and index alike. Out of "
    "their reach is the chain hash in the resource's status (recordings.chain): compare with --chain HASH.\n"
)
Entry = Mapping[str, Any]
Index = dict[str, Entry]  # the latest entry of each id, in the order of the first ones


@dataclass(frozen=True)
class Verdict:
    """What is to be said of one recording."""

    id: str
    file: str
    state: str
    faults: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        faults = f": {'; '.join(map(printable, self.faults))}" if self.faults else ""
        return f"{printable(self.id)}   {self.state:<7}   {printable(self.file)}{faults}\n"

    @property
    def as_json(self) -> str:
        told = {"id": self.id, "state": self.state, "file": self.file, "faults": self.faults}
        return json.dumps(told) + "\n"


def verify(root: Path, wanted: str, out: TextIO, *, chain: str = "", as_json: bool = False) -> int:
    """Check one recording, or all on the volume if `wanted` is empty; 0 if all are good, else 1.

    `chain` is a chain hash from elsewhere that a run on the volume must have.
    """
    _check_chain(wanted, chain)
    with reader_may_leave(out):
        indexes, is_good = _check_recordings(root, wanted, out, as_json=as_json)
        runs = {(folder, run): links for folder, index in indexes.items() for run, links in _runs(index)}
        if as_json:
            return 0 if (not chain or _compare_as_json(chain, runs, out)) and is_good else 1
        out.writelines(
            f"{printable(str(folder))} run {run}: chain {chain_of(links)}\n"
            for (folder, run), links in runs.items()
        )
        out.write(WARNING)
        return 0 if (not chain or _compare(chain, runs, out)) and is_good else 1
    return 1


def _check_recordings(
    root: Path, wanted: str, out: TextIO, *, as_json: bool
) -> tuple[dict[PurePosixPath, Index], bool]:
    """Tell of each recording; the indexes beside them, and whether all are good."""
    indexes: dict[PurePosixPath, Index] = {}
    verdicts = []
    for found in select(root, wanted):
        index = indexes.get(found.file.parent)
        if index is None:
            index = indexes[found.file.parent] = index_of(found)
        verdicts.append(verdict_of(found, index))
        out.write(verdicts[-1].as_json if as_json else verdicts[-1].line)
    missing = [] if wanted else list(_missing(indexes, {verdict.id for verdict in verdicts}))
    out.writelines(verdict.as_json if as_json else verdict.line for verdict in missing)
    return indexes, all(verdict.state != DIFFERS for verdict in [*verdicts, *missing])


def verdict_of(found: Found, index: Index) -> Verdict:
    """What there is to say of one recording, which is read to its end."""
    try:
        with found.open() as cast:
            if is_running(cast):
                audit, _, _ = _audit(cast, whole_lines=True)
                faults = [audit.finish(is_running=True)]
                return _verdict(found, faults, RUNNING)
            audit, length, sha256 = _audit(cast)
    except ReadingError as error:
        return _verdict(found, [str(error)])
    summary = _parse(found.beside(f"{found.file.stem}.json", _SUMMARY_BYTES))
    faults = [audit.finish(), *_summary_faults(found, summary, length, sha256)]
    return _verdict(found, [*faults, *_index_faults(found, summary, index)])


def index_of(found: Found) -> Index:
    """The index beside a recording; lines that are none were torn by a full volume."""
    entries: Index = {}
    for line in found.beside(INDEX, _INDEX_BYTES).split(b"\n"):
        entry = _parse(line)
        if isinstance(entry.get("id"), str):
            entries[entry["id"]] = entry
    return entries


def _check_chain(wanted: str, chain: str) -> None:
    if chain and not _CHAIN.fullmatch(chain):
        raise UsageError(
            f"{chain[:80]!r} is no chain hash", "it is 64 of 0-9 and a-f, as the status tells it"
        )
    if chain and wanted:
        raise UsageError("--chain is over all recordings of a run", "leave the ID out")


def _audit(cast: BinaryIO, *, whole_lines: bool = False) -> tuple[Audit, int, str]:
    """The rules applied to each line; how many bytes there are, and their sha256."""
    audit, length, digest = Audit(), 0, hashlib.sha256()
    while line := cast.readline(LONGEST_LINE):
        if whole_lines and not line.endswith(b"\n"):
            break
        audit.take(line)
        length += len(line)
        digest.update(line)
    return audit, length, digest.hexdigest()


def _verdict(found: Found, faults: Sequence[str], state: str = GOOD) -> Verdict:
    told = tuple(fault for fault in faults if fault)
    return Verdict(found.id, str(found.file), DIFFERS if told else state, told)


def _summary_faults(found: Found, summary: Entry, length: int, sha256: str) -> Iterator[str]:
    if not summary:
        yield "it has no summary (troubleshooter-agent repair writes one)"
        return
    if summary.get("id") != found.id:
        yield f"its summary is that of {summary.get('id')}"
    if PurePosixPath(str(summary.get("file"))).name != found.file.name:
        yield f"its summary is that of the file {summary.get('file')}"
    if summary.get("bytes") != length:
        yield f"it has {length} bytes, by its summary {summary.get('bytes')}"
    if summary.get("sha256") != sha256:
        yield f"its sha256 is {sha256}, by its summary {summary.get('sha256')}"


def _index_faults(found: Found, summary: Entry, index: Index) -> Iterator[str]:
    entry = index.get(found.id)
    if entry is None:
        yield f"{INDEX} does not name it"
    elif summary:
        for name in sorted(summary.keys() | entry.keys()):
            if summary.get(name) != entry.get(name):
                yield f"{name} is {summary.get(name)} by its summary, {entry.get(name)} by {INDEX}"


def _missing(indexes: Mapping[PurePosixPath, Index], seen: set[str]) -> Iterator[Verdict]:
    for folder, index in indexes.items():
        for name, entry in index.items():
            if name not in seen:
                yield Verdict(
                    name, str(folder), DIFFERS, (f"{INDEX} names {entry.get('file')}, which is gone",)
                )


def _runs(index: Index) -> Iterator[tuple[int, list[Link]]]:
    runs: dict[int, list[Link]] = {}
    for name, entry in index.items():
        match entry:
            case {"run": int() as run, "sha256": str() as sha256}:
                is_repaired = entry.get("repaired") is True
                runs.setdefault(run, []).append(Link(name, sha256, _ended(entry), is_repaired))
    yield from sorted(runs.items())


def _ended(entry: Entry) -> float:
    try:
        return parse_time(str(entry.get("endedAt")))
    except ValueError:
        return 0.0


def _compare_as_json(
    chain: str, runs: Mapping[tuple[PurePosixPath, int], Sequence[Link]], out: TextIO
) -> bool:
    """The same; what is wrong is one more verdict, of no recording."""
    said = StringIO()
    is_good = _compare(chain, runs, said)
    if not is_good:
        out.write(Verdict("", "", DIFFERS, (said.getvalue().strip(),)).as_json)
    return is_good


def _compare(chain: str, runs: Mapping[tuple[PurePosixPath, int], Sequence[Link]], out: TextIO) -> bool:
    for (folder, run), links in runs.items():
        left = not_in(links, chain)
        if left is not None:
            names = ", ".join(printable(link.id) for link in left)
            out.write(f"{chain} is the chain of {printable(str(folder))} run {run}")
            out.write(f", but without {names}: added or mended later\n" if left else "\n")
            return not left
    out.write(f"{chain} is the chain of no run here: something was changed, or it is another volume's\n")
    return False


def _parse(text: bytes) -> Entry:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
