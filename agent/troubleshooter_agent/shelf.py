"""Puts what is known of an ended session beside its cast: the summary file, and a line in the index."""

import os
from pathlib import Path

from troubleshooter_agent.recording import sync_folder
from troubleshooter_agent.summary import INDEX, Summary, line_of

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o660


def summary_of(cast: Path) -> Path:
    """The summary file beside a cast."""
    return cast.with_suffix(".json")


def shelve(cast: Path, summary: Summary) -> None:
    """Write the summary, which appears whole or not at all, and the index's line; OSError as it comes."""
    final = summary_of(cast)
    part = final.with_name(f".{final.name}.part")
    _write(part, os.O_TRUNC, line_of(summary))
    part.rename(final)
    _write(cast.parent / INDEX, os.O_APPEND, line_of(summary))
    sync_folder(cast.parent)


def _write(path: Path, how: int, content: bytes) -> None:
    fd = os.open(path, _FLAGS | how, _MODE)
    try:
        while content:
            content = content[os.write(fd, content) :]
        os.fdatasync(fd)
    finally:
        os.close(fd)
