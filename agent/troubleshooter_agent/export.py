"""`export`: recordings for those who copy them, or want one of them in another form.

The manifest says what is worth copying, with the hash of each file that does not change any more; a file is
then read from any byte on, so that a copy can go on where it stopped. Nothing is changed on the volume.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, TextIO

import orjson

from troubleshooter_agent import asciicast, repair
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.lines import Lines
from troubleshooter_agent.pipes import reader_may_leave
from troubleshooter_agent.plaintext import PlainText
from troubleshooter_agent.readme import README
from troubleshooter_agent.recovery import AGENT_LOST
from troubleshooter_agent.summary import INDEX
from troubleshooter_agent.volume import Found, ReadingError, is_running, open_beneath, open_recording, select

FORMS: Final = ("cast", "txt")
_CHUNK: Final = 1 << 20
_BESIDE: Final = (INDEX, README)  # of each folder


def manifest(root: Path, ids: Sequence[str], out: TextIO) -> int:
    """One object a line for each file worth copying, of all recordings or of those with the ids."""
    with reader_may_leave(out):
        out.writelines(orjson.dumps(entry).decode() + "\n" for entry in _entries(root, ids))
    return 0


def export_file(root: Path, file: str, start: int, out: BinaryIO) -> int:
    """The bytes of one file of the manifest from `start` to its present end."""
    path = PurePosixPath(file)
    if not _is_worth_copying(path.name):
        raise UsageError(f"{file!r} is no file of a recording", "name one that `export --manifest` shows")
    with open_beneath(root, path) as source, reader_may_leave(out):
        size = os.fstat(source.fileno()).st_size
        if start > size:
            raise ReadingError(
                f"{file} has only {size} bytes, not {start}", "copy it again from its beginning"
            )
        source.seek(start)
        while start < size and (chunk := source.read(min(_CHUNK, size - start))):
            start += len(chunk)
            out.write(chunk)
    return 0


def export(root: Path, wanted: str, form: str, out: BinaryIO) -> int:
    """One recording: as a cast that every player opens, or as plain text."""
    with open_recording(root, wanted) as cast, reader_may_leave(out):
        if form == "cast":
            out.writelines(_whole(cast))
        else:
            out.writelines(_plain(Lines(cast, wanted)))
    return 0


def _entries(root: Path, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    told = set()
    for wanted in ids or ("",):
        for found in select(root, wanted):
            names = {found.file.name: found.id, f"{found.file.stem}.json": found.id} | dict.fromkeys(
                _BESIDE, ""
            )
            for name, session_id in names.items():
                file = found.file.with_name(name)
                if file not in told and (entry := _entry(root, found, file, session_id)):
                    told.add(file)
                    yield entry


def _entry(root: Path, found: Found, file: PurePosixPath, session_id: str) -> Mapping[str, Any] | None:
    """None where there is no such file, or it cannot be named in JSON, or read."""
    try:
        str(file).encode()
        source = found.open() if file == found.file else open_beneath(root, file)
    except (UnicodeEncodeError, ReadingError):
        return None
    with source:
        running = file == found.file and is_running(source)
        size = os.fstat(source.fileno()).st_size
        sha256 = None if running else _sha256(source, size)
    return {"file": str(file), "bytes": size, "sha256": sha256, "running": running, "id": session_id}


def _sha256(source: BinaryIO, size: int) -> str:
    digest = hashlib.sha256()
    while size and (chunk := source.read(min(_CHUNK, size))):
        size -= len(chunk)
        digest.update(chunk)
    return digest.hexdigest()


def _is_worth_copying(name: str) -> bool:
    return name in _BESIDE or name.endswith((".cast", ".json"))


def _whole(cast: BinaryIO) -> Iterator[bytes]:
    """The cast as it is now; one that is torn, mended as `repair` would."""
    size = os.fstat(cast.fileno()).st_size
    mended = repair.examine_file(
        lambda start, length: os.pread(cast.fileno(), length, start), size, AGENT_LOST
    )
    rest = mended.keep
    while rest and (chunk := cast.read(min(_CHUNK, rest))):
        rest -= len(chunk)
        yield chunk
    yield mended.append


def _plain(lines: Lines) -> Iterator[bytes]:
    plain = PlainText()
    for event in lines.events():
        if event.code == asciicast.OUTPUT:
            yield plain.feed(event.text).encode()
