"""The folder that recordings are saved to: files that appear whole or not at all, and no way out of it.

Every step goes from one open folder to the next, and no link is followed on the way: what lies there
already may be a stranger's too.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from troubleshooter_cli.errors import BrokenError, UsageError
from troubleshooter_cli.manifest import Entry

PART: Final = ".part"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_APPEND: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BLOCK: Final = 1 << 20


class Landing:
    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def folder(self, entry: Entry) -> Iterator[int]:
        """A descriptor of the folder for a file, made if it is not there."""
        with ExitStack() as stack:
            fd = _root(self.root)
            stack.callback(os.close, fd)
            for name in entry.parts[:-1]:
                fd = _enter(fd, name, self.root / entry.file)
                stack.callback(os.close, fd)
            yield fd

    def state(self, entry: Entry) -> tuple[int | None, bool]:
        """How many bytes of it are here, None if it is not, and whether those are the right ones."""
        with self._present(entry) as file:
            if file is None:
                return None, False
            size = os.fstat(file.fileno()).st_size
            return size, size == entry.bytes and digest(file, size) == entry.sha256

    @contextmanager
    def part(self, entry: Entry) -> Iterator[BinaryIO]:
        """What is here of a file that is not whole yet, to be read and appended to."""
        name = entry.parts[-1] + PART
        with (
            self.folder(entry) as folder,
            _opened(name, folder, _APPEND, self.root / f"{entry.file}{PART}") as file,
        ):
            yield file

    def begins_with_present(self, entry: Entry, part: BinaryIO) -> bool:
        """Whether a whole part begins with the file that it is to replace, if there is one."""
        with self._present(entry) as file:
            if file is None:
                return True
            size = os.fstat(file.fileno()).st_size
            return digest(file, size) == digest(part, size)

    def finish(self, entry: Entry, part: BinaryIO) -> None:
        """Bring a whole part to the disk, and then under its name."""
        part.flush()
        os.fsync(part.fileno())
        with self.folder(entry) as folder:
            name = entry.parts[-1]
            os.replace(name + PART, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)

    @contextmanager
    def _present(self, entry: Entry) -> Iterator[BinaryIO | None]:
        """The file under its name, None if there is none."""
        with ExitStack() as stack:
            folder = stack.enter_context(self.folder(entry))
            file = None
            with suppress(FileNotFoundError):
                opened = _opened(entry.parts[-1], folder, _READ, self.root / entry.file)
                file = stack.enter_context(opened)
            yield file


def digest(file: BinaryIO, size: int) -> str:
    """The sha256 of its first `size` bytes, hexadecimal."""
    file.seek(0)
    found, left = hashlib.sha256(), size
    while left and (block := file.read(min(left, _BLOCK))):
        found.update(block)
        left -= len(block)
    return found.hexdigest()


def _root(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"{folder} is no folder to save to: {error.strerror}", "name one with -o") from error


def _enter(folder: int, name: str, shown: Path) -> int:
    """The folder of that name in an open one, made if it is not there."""
    try:
        with suppress(FileExistsError):
            os.mkdir(name, 0o777, dir_fd=folder)
        return os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        raise BrokenError(
            f"{shown} is not saved: {name} on its way is no folder: {error.strerror}",
            "move that away, or choose -o",
        ) from error


@contextmanager
def _opened(name: str, folder: int, flags: int, shown: Path) -> Iterator[BinaryIO]:
    try:
        fd = os.open(name, flags, 0o666, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BrokenError(f"{shown} is not saved: {error.strerror}", "move away what is there") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise BrokenError(f"{shown} is not saved: what is there is no ordinary file", "move it away")
    with os.fdopen(fd, "rb" if flags == _READ else "r+b") as file:
        yield file
