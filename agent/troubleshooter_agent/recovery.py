"""Mends what a dead recorder left: the cast's torn end, the summary that was not written.

PID 1 forks a process for it when one of its recorders died, and runs it at the start for what an
earlier agent on this volume left behind. A cast whose recorder lives is locked and is left alone.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from troubleshooter_agent import asciicast, repair
from troubleshooter_agent.contract import format_time
from troubleshooter_agent.recording import part_of
from troubleshooter_agent.shelf import shelve, summary_of
from troubleshooter_agent.summary import Summary

_FLAGS: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK: Final = 1 << 20
_HEADER_BYTES: Final = 64 * 1024
_AGENT_LOST: Final = "the recorder ended without a word (a lost node or a killed pod)"


def recover(root: Path, folder: Path) -> list[Summary]:
    """Mend all casts in `folder` that have no summary; what was mended."""
    if not folder.is_dir():
        return []
    for part in folder.glob(".*.cast.part"):
        _publish_or_drop(part)
    casts = [cast for cast in sorted(folder.glob("*.cast")) if not summary_of(cast).exists()]
    return [summary for cast in casts if (summary := mend(root, cast, _AGENT_LOST))]


def mend(root: Path, cast: Path, why: str) -> Summary | None:
    """Make a cast whole and write its summary; None if its recorder lives or it is no cast.

    OSError as it comes: a volume that cannot be written is no reason to touch the cast.
    """
    with _locked(cast) as fd:
        if fd is None:
            return None
        size = os.fstat(fd).st_size
        tail_at = max(0, size - repair.TAIL_BYTES)
        found = repair.examine(os.pread(fd, repair.TAIL_BYTES, tail_at), why)
        os.ftruncate(fd, tail_at + found.keep)
        os.lseek(fd, 0, os.SEEK_END)
        os.write(fd, found.append)
        os.fdatasync(fd)
        summary = _summary(root, cast, fd, why)
    shelve(cast, summary)
    return summary


def _summary(root: Path, cast: Path, fd: int, why: str) -> Summary:
    header = _header(fd)
    session = header.get("troubleshooter", {})
    status = os.fstat(fd)
    return Summary(
        id=cast.stem.rpartition("-")[2],
        user=str(session.get("user", "")),
        verified=session.get("verified") is True,
        run=int(session.get("run", 1)),
        startedAt=format_time(header.get("timestamp", status.st_mtime)),
        endedAt=format_time(status.st_mtime),
        exitCode=None,
        why=why,
        bytes=status.st_size,
        sha256=_sha256(fd),
        file=str(cast.relative_to(root)),
        repaired=True,
    )


def _header(fd: int) -> dict[str, Any]:
    try:
        return asciicast.parse_header(os.pread(fd, _HEADER_BYTES, 0).partition(b"\n")[0])
    except asciicast.NotACastError:
        return {}


def _sha256(fd: int) -> str:
    digest = hashlib.sha256()
    offset = 0
    while chunk := os.pread(fd, _CHUNK, offset):
        digest.update(chunk)
        offset += len(chunk)
    return digest.hexdigest()


def _publish_or_drop(part: Path) -> None:
    """A recording that never got its name: nothing was relayed yet, so it is worth nothing unless whole."""
    with _locked(part) as fd:
        if fd is None:
            return
        lines = os.pread(fd, _HEADER_BYTES, 0).splitlines(keepends=True)
        cast = part.with_name(part.name.removeprefix(".").removesuffix(".part"))
        assert part_of(cast) == part
        if len(lines) > 1 and lines[1].endswith(b"\n") and not cast.exists():
            part.rename(cast)
        else:
            part.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """The file, ours alone for a while; None if it is no ordinary file or its recorder lives."""
    try:
        fd = os.open(path, _FLAGS)
    except OSError:
        yield None
        return
    try:
        yield fd if stat.S_ISREG(os.fstat(fd).st_mode) and _lock(fd) else None
    finally:
        os.close(fd)


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
