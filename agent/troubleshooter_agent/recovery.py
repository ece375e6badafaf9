"""Mends what a dead recorder left: the cast's torn end, the summary that was not written.

PID 1 forks a process for it when one of its recorders died, and another at its start for what an earlier
agent on this volume left behind. A cast whose recorder lives is locked and is left alone. Whoever had a
shell could write here, so nothing that a file says is taken for granted.
"""

import fcntl
import hashlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from troubleshooter_agent import asciicast, repair
from troubleshooter_agent.contract import format_time
from troubleshooter_agent.recording import write_all
from troubleshooter_agent.shelf import shelve, summary_of
from troubleshooter_agent.summary import Summary

AGENT_LOST: Final = "the recorder ended without a word (a lost node or a killed pod)"
_FLAGS: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_RETRY_SECONDS: Final = 0.01
_CHUNK: Final = 1 << 20
_HEADER_BYTES: Final = 64 * 1024
_LATEST: Final = 253_402_300_800  # the year 10,000, in which our times end


@dataclass(frozen=True)
class LeftBehind:
    """What an earlier agent has not finished: casts without a summary, and casts without a name."""

    casts: tuple[Path, ...]
    parts: tuple[Path, ...]


def left_behind(folder: Path) -> LeftBehind:
    """What there is to mend in `folder`; OSError if it cannot be read."""
    if not folder.is_dir():
        return LeftBehind((), ())
    return LeftBehind(
        casts=tuple(cast for cast in sorted(folder.glob("*.cast")) if not summary_of(cast).exists()),
        parts=tuple(sorted(folder.glob(".*.cast.part"))),
    )


def recover(root: Path, found: LeftBehind, *, patience: float = 0.0) -> Iterator[Summary | OSError]:
    """Mend one after the other: its summary, or why it could not be mended.

    For `patience` seconds in all it waits for what is still locked: an earlier agent may be just ending,
    and of a lost node the volume's server learns late.
    """
    deadline = time.monotonic() + patience
    published = (cast for part in found.parts if (cast := _publish_or_drop(part)))
    for cast in (*found.casts, *published):
        try:
            summary = mend(root, cast, AGENT_LOST, patience=deadline - time.monotonic())
        except OSError as error:
            yield error
        else:
            if summary is not None:
                yield summary


def mend(
    root: Path,
    cast: Path,
    why: str,
    *,
    session: Mapping[str, Any] | None = None,
    patience: float = 0.0,
) -> Summary | None:
    """Make a cast whole and write its summary; None if its recorder lives or it is no ordinary file.

    `session` is what its header should say, for those who know better than a file that others can write.
    `patience` is for how many seconds a reader that has a look at the lock is waited for. OSError as it
    comes: what cannot be written stays as whole as it was.
    """
    with _locked(cast, patience) as fd:
        if fd is None:
            return None
        ended = os.fstat(fd).st_mtime
        why = _make_whole(fd, why)
        summary = _summary(fd, root=root, cast=cast, why=why, ended=ended, session=session)
    try:
        shelve(cast, summary)
    except OSError as error:
        return replace(summary, failure=f"its summary could not be written: {error.strerror}")
    return summary


def _make_whole(fd: int, why: str) -> str:
    """Why the session ended, by its last marker: its recorder may have lived to tell it."""
    found = repair.examine_file(
        lambda offset, length: os.pread(fd, length, offset), os.fstat(fd).st_size, why
    )
    told = why if found.said is None else found.said
    if not found.is_needed:
        return told
    os.ftruncate(fd, found.keep)
    os.lseek(fd, 0, os.SEEK_END)
    try:
        write_all(fd, found.append)
    except OSError:
        os.ftruncate(fd, found.keep)
        raise
    os.fdatasync(fd)
    return told


def _summary(
    fd: int, *, root: Path, cast: Path, why: str, ended: float, session: Mapping[str, Any] | None
) -> Summary:
    header = _header(fd)
    said = _mapping(header.get("troubleshooter")) if session is None else session
    run = said.get("run")
    return Summary(
        id=cast.stem.rpartition("-")[2],
        user=str(said.get("user", "")),
        verified=said.get("verified") is True,
        run=run if isinstance(run, int) else 1,
        startedAt=format_time(_instant(header.get("timestamp"), ended)),
        endedAt=format_time(ended),
        exitCode=None,
        why=why,
        bytes=os.fstat(fd).st_size,
        sha256=_sha256(fd),
        file=str(cast.relative_to(root)),
        repaired=True,
    )


def _header(fd: int) -> dict[str, Any]:
    try:
        return asciicast.parse_header(os.pread(fd, _HEADER_BYTES, 0).partition(b"\n")[0])
    except asciicast.NotACastError:
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _instant(value: Any, otherwise: float) -> float:
    return value if isinstance(value, int | float) and 0 <= value < _LATEST else otherwise


def _sha256(fd: int) -> str:
    digest = hashlib.sha256()
    offset = 0
    while chunk := os.pread(fd, _CHUNK, offset):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()


def _publish_or_drop(part: Path) -> Path | None:
    """A recording that never got its name: nothing was relayed yet, so it is worth nothing unless whole."""
    with _locked(part) as fd:
        if fd is None:
            return None
        lines = os.pread(fd, _HEADER_BYTES, 0).splitlines(keepends=True)
        cast = part.with_name(part.name.removeprefix(".").removesuffix(".part"))
        if len(lines) > 1 and lines[1].endswith(b"\n") and not os.path.lexists(cast):
            part.rename(cast)
            return cast
        part.unlink()
        return None


@contextmanager
def _locked(path: Path, patience: float = 0.0) -> Iterator[int | None]:
    """The file, ours alone for a while; None if it is no ordinary file or its recorder lives."""
    try:
        fd = os.open(path, _FLAGS)
    except OSError:
        yield None
        return
    try:
        yield fd if stat.S_ISREG(os.fstat(fd).st_mode) and _lock(fd, patience) else None
    finally:
        os.close(fd)


def _lock(fd: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_RETRY_SECONDS)
        else:
            return True
