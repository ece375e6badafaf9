"""`search`: the lines that recorded terminals showed, in all recordings of a volume, on all processors.

A line is what was printed between two line ends, without what paints it; a line end also ends a sequence.
What a full-screen program put together from pieces of the screen may be found in pieces only. A recording is
cut where output ends with a line end, so that a piece can be searched for itself.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, TextIO

import orjson

from troubleshooter_agent.asciicast import OUTPUT, Event, NotACastError, parse_event, sayable
from troubleshooter_agent.contract import format_duration, format_time
from troubleshooter_agent.glance import header_of, user_of
from troubleshooter_agent.haystack import Needle
from troubleshooter_agent.lines import LONGEST_LINE
from troubleshooter_agent.listing import UNKNOWN, printable
from troubleshooter_agent.pipes import reader_may_leave
from troubleshooter_agent.plaintext import PlainText
from troubleshooter_agent.volume import ReadingError, open_beneath, select

BLOCK: Final = 1 << 20  # bytes that are looked at together
SHARE: Final = 2 << 20  # bytes of a long recording that are one process's work at a time
_LINE_MOST: Final = 64 * 1024  # characters; a longer line is searched in parts
LONGEST_SHOWN: Final = 1000  # characters of a line that was found
_AHEAD: Final = 2  # shares for each processor
NOTHING: Final = 1  # the exit status where nothing is found, as grep has it


@dataclass(frozen=True)
class Share:
    """A part of one recording: the lines that begin in it, by their offset in bytes."""

    root: Path
    file: PurePosixPath
    id: str
    start: int
    end: int


@dataclass(frozen=True)
class Hit:
    """A line that shows the text, `at` seconds into a session; it `began` in seconds since the epoch."""

    id: str
    file: str
    user: str
    began: float
    at: float
    line: str

    @property
    def time(self) -> str:
        return format_time(self.began + self.at)

    def as_json(self) -> str:
        told = {"id": self.id, "file": self.file, "user": self.user, "at": self.at, "time": self.time}
        return orjson.dumps(told | {"line": self.line}).decode() + "\n"

    def as_text(self) -> str:
        cells = (self.id, self.time, format_duration(self.at), printable(self.user) or UNKNOWN)
        return f"{'   '.join(cells)}   {printable(self.line.strip())}\n"


def search(
    root: Path,
    text: str,
    ids: Sequence[str],
    out: TextIO,
    *,
    ignore_case: bool = False,
    as_json: bool = False,
) -> int:
    """Print the lines that show `text`, of all recordings or of those with the ids; 1 if there is none."""
    shares = sorted(_shares(root, ids), key=lambda share: (str(share.file), share.start))
    is_found = False
    with reader_may_leave(out):
        for printed in _all_printed(shares, Needle(text, ignore_case=ignore_case), as_json):
            is_found = is_found or bool(printed)
            out.write(printed)
    return 0 if is_found else NOTHING


def hits(share: Share, needle: Needle, *, block: int = BLOCK) -> list[Hit]:
    """What one part of a recording shows; a recording that cannot be read shows nothing."""
    try:
        cast = open_beneath(share.root, share.file)
    except ReadingError:
        return []
    with cast:
        found = [
            moment
            for lines in _blocks(cast, share, block)
            for place in needle.places(lines)
            for moment in _lines(place, needle)
        ]
        user, began = _whose(cast) if found else ("", 0.0)
    file = sayable(str(share.file))
    return [Hit(share.id, file, user, began, at, line) for at, line in found]


def _all_printed(shares: Sequence[Share], needle: Needle, as_json: bool) -> Iterator[str]:  # noqa: FBT001 - as below
    """What is to be printed for each share, in their order; few are looked at ahead of a slow reader."""
    processors = min(len(os.sched_getaffinity(0)), len(shares))
    if processors <= 1:
        yield from (_printed(share, needle, as_json) for share in shares)
        return
    with ProcessPoolExecutor(processors, mp_context=get_context("fork")) as pool:
        at_work: deque[Future[str]] = deque()
        for share in shares:
            at_work.append(pool.submit(_printed, share, needle, as_json))
            if len(at_work) > _AHEAD * processors:
                yield at_work.popleft().result()
        while at_work:
            yield at_work.popleft().result()


def _printed(share: Share, needle: Needle, as_json: bool) -> str:  # noqa: FBT001 - for the pool
    return "".join(hit.as_json() if as_json else hit.as_text() for hit in hits(share, needle))


def _shares(root: Path, ids: Sequence[str]) -> Iterator[Share]:
    for wanted in ids or ("",):
        for found in select(root, wanted):
            try:
                with found.open() as cast:
                    size = os.fstat(cast.fileno()).st_size
            except ReadingError:
                continue
            for start in range(0, size, SHARE):
                yield Share(root, found.file, found.id, start, min(size, start + SHARE))


def _blocks(cast: BinaryIO, share: Share, size: int) -> Iterator[bytes]:
    """Whole lines, cut behind output that ends with a line end; from the first such cut in the share on."""
    cast.seek(share.start)
    if share.start == 0:
        cast.readline(LONGEST_LINE)  # the header
    else:
        _to_cut(cast)
    while cast.tell() < share.end:
        yield cast.read(min(size, share.end - cast.tell())) + _to_cut(cast)


def _to_cut(cast: BinaryIO) -> bytes:
    """The rest of the line that the file stands in, and the lines up to the next cut."""
    lines = [cast.readline(LONGEST_LINE)]
    while lines[-1] and not _is_cut(lines[-1]) and len(lines) < 4096:
        lines.append(cast.readline(LONGEST_LINE))
    return b"".join(lines)


def _is_cut(line: bytes) -> bool:
    """Behind an escaped backslash, `n` is a letter."""
    return line.endswith((b'\\n"]\n', b'\\r"]\n')) and line[-6:-5] != b"\\"


@dataclass
class _Line:
    """A line as it is printed; `at` is when it first showed what is looked for, in seconds."""

    text: str = ""
    at: float | None = None

    def add(self, piece: str, time: float, needle: Needle) -> None:
        self.text += piece
        if self.at is None and needle.is_in(self.text):
            self.at = time


def _lines(block: bytes, needle: Needle) -> Iterator[tuple[float, str]]:
    """The lines that show it, each with the second at which it did so first."""
    line = _Line()
    for time, piece, is_new in _pieces(block):
        if is_new or len(line.text) > _LINE_MOST:
            if line.at is not None:
                yield line.at, _cut(line.text)
            line = _Line()
        line.add(piece, time, needle)
    if line.at is not None:
        yield line.at, _cut(line.text)


def _pieces(block: bytes) -> Iterator[tuple[float, str, bool]]:
    """Plain text with its time, and whether a new line begins with it."""
    plain = PlainText()
    for event in _outputs(block):
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        for number, piece in enumerate(text.split("\n")):
            if number:
                plain = PlainText()
            yield event.time, plain.feed(piece), number > 0


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"


def _outputs(block: bytes) -> Iterator[Event]:
    for line in block.splitlines():
        try:
            event = parse_event(line)
        except NotACastError:
            continue
        if event.code == OUTPUT:
            yield event


def _whose(cast: BinaryIO) -> tuple[str, float]:
    """User and beginning, as the header tells them."""
    header = header_of(cast)
    began: Any = header.get("timestamp")
    is_time = isinstance(began, int | float) and 0 <= began < 253_402_300_800
    return user_of(header), float(began) if is_time else 0.0
