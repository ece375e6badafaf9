"""Puts what is known of an ended session beside its cast: the summary file, and a line in the index."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from troubleshooter_agent.recording import sync_folder, write_all
from troubleshooter_agent.summary import INDEX, Summary, line_of

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # no waiting for a FIFO
_MODE = 0o660


def summary_of(cast: Path) -> Path:
    """The summary file beside a cast."""
    return cast.with_suffix(".json")


def shelve(cast: Path, summary: Summary) -> None:
    """Write the summary, which appears whole or not at all, and the index's line; OSError as it comes."""
    final = summary_of(cast)
    part = final.with_name(f".{final.name}.part")
    try:
        with _opened(part, os.O_TRUNC) as fd:
            write_all(fd, line_of(summary))
        part.rename(final)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    with _opened(cast.parent / INDEX, os.O_APPEND) as fd:
        write_all(fd, _end_of_a_torn_line(fd) + line_of(summary))
    sync_folder(cast.parent)


@contextmanager
def _opened(path: Path, how: int) -> Iterator[int]:
    """A file to write to, which is on the disk when the block ends."""
    fd = os.open(path, _FLAGS | how, _MODE)
    try:
        yield fd
        os.fdatasync(fd)
    finally:
        os.close(fd)


def _end_of_a_torn_line(fd: int) -> bytes:
    """A newline if a full volume or a lost node has cut the last line of the index."""
    size = os.fstat(fd).st_size
    return b"\n" if size and os.pread(fd, 1, size - 1) != b"\n" else b""
