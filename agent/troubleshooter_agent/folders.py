"""How much of a disk folders take, counted as the kubelet counts for their limits.

Runs in a process of its own that PID 1 forks through `guard`: a hostile tree may have a million files, and
a disk may be stuck. It follows no link and opens no file.
"""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

_BLOCK: Final = 512  # st_blocks counts in these, whatever the file system does


def disk_usage(
    folders: Sequence[Path], *, seconds: float, clock: Callable[[], float] = time.monotonic
) -> list[int]:
    """Bytes in blocks under each folder; at least what was found when `seconds` were over.

    Blocks, not lengths, so that a hole costs nothing; a file with several names once; nothing of other
    file systems below. A deleted file that is still open is not seen, as the kubelet does not see it.
    """
    deadline = clock() + seconds
    return [_usage(str(folder), lambda: clock() >= deadline) for folder in folders]


def _usage(root: str, is_late: Callable[[], bool]) -> int:
    try:
        first = os.lstat(root)
    except OSError:
        return 0
    blocks = first.st_blocks
    known: set[int] = set()
    queue = [root]
    while queue and not is_late():
        for path, status in _entries(queue.pop(), is_late):
            if status.st_dev != first.st_dev or status.st_ino in known:
                continue
            if stat.S_ISDIR(status.st_mode):
                queue.append(path)
            elif status.st_nlink > 1:
                known.add(status.st_ino)
            blocks += status.st_blocks
    return blocks * _BLOCK


def _entries(folder: str, is_late: Callable[[], bool]) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_late():
                    return
                try:
                    yield entry.path, entry.stat(follow_symlinks=False)
                except OSError:  # deleted meanwhile
                    continue
    except OSError:  # deleted, closed to us, or its path is too long
        return
