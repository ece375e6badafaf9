"""Finds and opens recordings on a volume that nobody vouches for; called by the readings.

Whoever had a shell could write there, so a name is only a name: links are not followed, and what is
no ordinary file (a FIFO would hang its reader) is not read. It never writes.
"""

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, ClassVar, Final

from troubleshooter_agent.errors import AgentError, UsageError

_ID: Final = re.compile(r"[a-z0-9]{8}")
_CAST: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z-([a-z0-9]{8})\.cast", re.ASCII)
_DEPTH: Final = 2  # NAMESPACE/NAME
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WHYS: Final = {errno.ELOOP: "it is a symbolic link, and those are not followed here"}


class ReadingError(AgentError):
    """A recording that is not there or cannot be read."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True)
class Found:
    """A cast on the volume, by its name; `folder` is a descriptor that lives until the next one is found."""

    id: str
    started_at: str  # as the name tells it: 2026-11-22T18:40:03Z
    file: PurePosixPath  # relative to the volume
    folder: int

    def open(self) -> BinaryIO:
        """The cast; ReadingError if it is no ordinary file that may be read."""
        return _open(self.file.name, str(self.file), self.folder)

    def summary(self, most_bytes: int) -> bytes:
        """What the summary beside it says, empty when there is none."""
        return self.beside(f"{self.file.stem}.json", most_bytes)

    def beside(self, name: str, most_bytes: int) -> bytes:
        """What a file in the same folder says, empty when there is none that may be read."""
        try:
            with _open(name, str(self.file), self.folder) as file:
                return file.read(most_bytes)
        except ReadingError:
            return b""


def walk(root: Path) -> Iterator[Found]:
    """All casts on the volume, in no order; ReadingError if there is no such folder."""
    if not root.is_dir():
        raise ReadingError(f"there is no folder {root}", "name the recordings' folder with --recordings")
    top = root.resolve()
    for path, folders, files, folder in os.fwalk(top):
        place = PurePosixPath(path).relative_to(top)
        if len(place.parts) == _DEPTH:
            folders.clear()
        for name in files:
            match = _CAST.fullmatch(name)
            if match:
                day, hour, minute, second, session_id = match.groups()
                yield Found(session_id, f"{day}T{hour}:{minute}:{second}Z", place / name, folder)


def select(root: Path, wanted: str) -> Iterator[Found]:
    """All recordings on the volume, or those with the id or at the path `wanted`; ReadingError if none is."""
    if wanted and not _ID.fullmatch(wanted) and os.path.lexists(wanted):
        yield from _at(wanted)
        return
    _check(wanted or "00000000")
    is_there = not wanted
    for found in walk(root):
        if wanted in {"", found.id, str(found.file)}:
            is_there = True
            yield found
    if not is_there:
        raise ReadingError(f"there is no recording {wanted} under {root}", "`list` shows those on the volume")


def open_recording(root: Path, wanted: str) -> BinaryIO:
    """The cast with the id `wanted`, or at the path `wanted`, as it is or relative to the volume."""
    if _ID.fullmatch(wanted):
        return _open_by_id(root, wanted)
    _check(wanted)
    if os.path.lexists(wanted):
        return _open(wanted, wanted)
    for found in walk(root):
        if str(found.file) == wanted:
            return found.open()
    raise ReadingError(f"there is no recording {wanted}", "`list` shows those on the volume")


def open_beneath(root: Path, file: PurePosixPath) -> BinaryIO:
    """An ordinary file by its path relative to the volume; no folder on the way is a link either."""
    shown = str(file)
    if file.is_absolute() or ".." in file.parts or not file.parts:
        raise ReadingError(f"{shown!r} is no path on the volume", "name it as `export --manifest` does")
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in file.parts[:-1]:
            folder = _step(folder, part, shown)
        return _open(file.name, shown, folder)
    finally:
        os.close(folder)


def is_running(cast: BinaryIO) -> bool:
    """Whether the recorder of a cast lives: it holds a lock on it for as long, and only on this node."""
    try:
        fcntl.flock(cast, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a volume without locks
        return False
    fcntl.flock(cast, fcntl.LOCK_UN)
    return False


def _check(wanted: str) -> None:
    if not _ID.fullmatch(wanted) and not wanted.endswith(".cast"):
        raise UsageError(
            f"{wanted!r} is no id of a recording",
            "an id is 8 of a-z and 0-9, as `list` shows it; the path of a .cast does too",
        )


def _at(path: str) -> Iterator[Found]:
    """The recording at a path, which need not be on the volume."""
    _check(path)
    file = PurePosixPath(path)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Found(file.stem.rpartition("-")[2], "", file, folder)
    finally:
        os.close(folder)


def _open_by_id(root: Path, session_id: str) -> BinaryIO:
    found = [(one.file, one.open()) for one in walk(root) if one.id == session_id]
    match found:
        case [(_, cast)]:
            return cast
        case []:
            raise ReadingError(
                f"there is no recording {session_id} under {root}", "`list` shows those on the volume"
            )
    for _, cast in found:
        cast.close()
    files = ", ".join(str(file) for file, _ in found)
    raise ReadingError(f"{len(found)} recordings have the id {session_id}: {files}", "give the path of one")


def _step(folder: int, part: str, shown: str) -> int:
    """Into a folder, out of the one before."""
    try:
        below = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=folder)
    except OSError as error:
        raise ReadingError(f"cannot read {shown}: {os.strerror(error.errno or 0)}") from error
    os.close(folder)
    return below


def _open(name: str, shown: str, folder: int | None = None) -> BinaryIO:
    try:
        fd = os.open(name, _FLAGS, dir_fd=folder)
    except OSError as error:
        why = _WHYS.get(error.errno or 0) or os.strerror(error.errno or 0)
        raise ReadingError(f"cannot read {shown}: {why}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise ReadingError(f"cannot read {shown}: it is no ordinary file")
    return os.fdopen(fd, "rb")
