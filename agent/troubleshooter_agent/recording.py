"""A cast on a volume while it is written: never overwritten, never shared, never ending in half a line.

One recorder process owns one `Recording`. It knows nothing of terminals or events: lines come in, and
a line that was not written whole is cut off again. What a dead recorder left is mended by `recovery`.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from troubleshooter_agent.errors import not_recorded
from troubleshooter_agent.limits import Room

if TYPE_CHECKING:
    from hashlib import _Hash

# Room on a full volume for the last marker, the summary and the index's line: three files may each need
# another block of 4 KiB. fallocate beyond the cast's end would be eaten by the cast.
RESERVE_BYTES = 16_384
_CREATE = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o660  # group 0 may read and mend what another uid of the same volume recorded


@dataclass(frozen=True)
class Disk:
    """The system calls that a full, slow or broken volume shows itself in."""

    write: Callable[[int, memoryview], int] = os.write
    sync: Callable[[int], None] = os.fdatasync
    truncate: Callable[[int, int], None] = os.ftruncate


def part_of(path: Path) -> Path:
    """The name that a recording has until its header and first marker are in it."""
    return path.with_name(f".{path.name}.part")


@dataclass
class Recording:
    """An open cast; `length` bytes of it are whole lines, and `digest` is over them."""

    path: Path
    fd: int
    reserve: int
    length: int = 0
    synced: int = 0
    digest: "_Hash" = field(default_factory=hashlib.sha256)
    disk: Disk = Disk()

    @classmethod
    def create(cls, path: Path, first_lines: bytes, disk: Disk = Disk()) -> Self:
        """A new cast at `path`, which appears there only once `first_lines` are on the disk.

        NotRecordedError if that cannot be done; then nothing is left behind.
        """
        part = part_of(path)
        try:
            _make_folders(path.parent)
            fd = os.open(part, _CREATE | os.O_WRONLY | os.O_APPEND, _MODE)
        except OSError as error:
            raise not_recorded(error, str(path)) from error
        try:
            return cls._publish(cls(path, fd, _reserve(path), disk=disk), part, first_lines)
        except OSError as error:
            os.close(fd)
            part.unlink(missing_ok=True)
            raise not_recorded(error, str(path)) from error

    @classmethod
    def _publish(cls, recording: Self, part: Path, first_lines: bytes) -> Self:
        fcntl.flock(recording.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # says that its recorder lives
        write_all(recording.fd, first_lines, recording.disk.write)
        recording.disk.sync(recording.fd)
        os.link(part, recording.path, follow_symlinks=False)  # unlike rename, never over another file
        part.unlink()
        sync_folder(recording.path.parent)
        recording._count(first_lines)
        recording.synced = recording.length
        return recording

    def room(self) -> Room:
        volume = os.fstatvfs(self.fd)
        return Room(total=volume.f_blocks * volume.f_frsize, free=volume.f_bavail * volume.f_frsize)

    def append(self, lines: bytes) -> None:
        """Write whole lines; NotRecordedError if they do not all fit, and then none of them stays."""
        try:
            write_all(self.fd, lines, self.disk.write)
        except OSError as error:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                self.disk.truncate(self.fd, self.length)
            raise not_recorded(error, str(self.path)) from error
        self._count(lines)

    def sync(self) -> None:
        """Bring what is written to the disk; may be called from another thread; OSError as it comes."""
        length = self.length
        if length != self.synced:
            self.disk.sync(self.fd)
            self.synced = length

    def finish(self, lines: bytes) -> None:
        """Write the last lines, for which room is reserved, and bring all to the disk."""
        self.release_reserve()
        self.append(lines)
        try:
            self.sync()
        except OSError as error:
            raise not_recorded(error, str(self.path)) from error

    def release_reserve(self) -> None:
        """Give back the room that was kept for the last lines."""
        if self.reserve >= 0:
            os.close(self.reserve)
            self.reserve = -1

    @property
    def sha256(self) -> str:
        return self.digest.hexdigest()

    def _count(self, lines: bytes) -> None:
        self.length += len(lines)
        self.digest.update(lines)


def try_out(folder: Path) -> None:
    """Write and sync what a new recording in `folder` needs, and leave nothing; OSError if that fails."""
    _make_folders(folder)
    fd = _reserve(folder / ".trial")
    try:
        os.fdatasync(fd)
    finally:
        os.close(fd)


def _make_folders(folder: Path) -> None:
    """Like mkdir -p, but each new folder is for user and group alone."""
    for each in (*reversed(folder.parents), folder):
        with contextlib.suppress(FileExistsError):
            if not each.exists():
                each.mkdir(mode=0o770)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _reserve(path: Path) -> int:
    """A descriptor of an unlinked file with really allocated blocks: closing it frees the room."""
    name = path.with_name(f".{path.name}.reserve")
    fd = os.open(name, _CREATE | os.O_WRONLY, _MODE)
    try:
        write_all(fd, bytes(RESERVE_BYTES))
    except OSError:
        os.close(fd)
        raise
    finally:
        name.unlink()
    return fd


def write_all(fd: int, data: bytes, write: Callable[[int, memoryview], int] = os.write) -> None:
    """Write everything; OSError when a part of it does not fit."""
    view = memoryview(data)
    while view:
        view = view[write(fd, view) :]
