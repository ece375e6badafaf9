"""Whom to end when memory or a folder's limit runs out, and when to look again; pure, asked by `guard`.

At nine tenths of a limit one session ends, the one that took the most, so that the others and the toolbox
go on: the kernel would end whom it likes, and the kubelet the whole pod. Sizes are bytes, times seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

END_SHARE: Final = 0.9
NEAR_SHARE: Final = 0.7  # of memory, from which on its parts are read, and that in a hurry
AWAKE_SHARE: Final = 0.2  # of memory, from which on it is read often
HALF_SHARE: Final = 0.5  # of a folder's limit, from which on it is measured often
STEP_SHARE: Final = 0.02  # what a folder must have grown since one session was ended for it
AGAIN_SECONDS: Final = 6.0  # a session that was ended has 5 s before it is killed
HURRIED_SECONDS: Final = 0.1
OFTEN_SECONDS: Final = 0.2
SELDOM_SECONDS: Final = 1.0
REST_SECONDS: Final = 5.0
NEWS_BYTES: Final = 16 << 20  # less is what any busy node writes in a second
_QUARTER: Final = 4  # looks on the way to a limit at the speed at which it is being approached


@dataclass
class MemoryRule:
    """Ends no second session before the memory is free again or the first had time to end."""

    quiet_until: float = 0.0

    def wants_end(self, share: float, now: float) -> bool:
        if share < END_SHARE:
            self.quiet_until = 0.0
            return False
        return now >= self.quiet_until

    def ended(self, now: float) -> None:
        self.quiet_until = now + AGAIN_SECONDS


def memory_pause(share: float) -> float:
    """Until the next look: a program that takes a gigabyte in five seconds is to be seen in between."""
    if share >= NEAR_SHARE:
        return HURRIED_SECONDS
    return OFTEN_SECONDS if share >= AWAKE_SHARE else SELDOM_SECONDS


@dataclass
class FolderRule:
    """A folder and its limit. What is full stays full, so it asks for another end only if it grows."""

    path: str
    limit: int
    used: int = 0
    grown: int = 0  # since the measurement before
    most_free: int = 0  # of its disk, since the measurement
    _allowed: float = field(init=False)

    def __post_init__(self) -> None:
        self._allowed = END_SHARE * self.limit

    @property
    def share(self) -> float:
        return self.used / self.limit

    def measured(self, used: int) -> None:
        self.grown = used - self.used
        self.used = used
        if used < END_SHARE * self.limit:
            self._allowed = END_SHARE * self.limit

    def is_news(self, free: int) -> bool:
        """Whether so much was written to its disk, by anybody, that it is worth while to measure again.

        Others use the disk too: what they free must not hide what is written meanwhile, so the most counts.
        """
        self.most_free = max(self.most_free, free)
        return self.most_free - free >= max(NEWS_BYTES, self.limit // 10)

    @property
    def wants_end(self) -> bool:
        return self.used >= self._allowed

    def answered(self) -> None:
        """Somebody was ended, or nobody could be blamed: nothing more until it has grown."""
        self._allowed = self.used + STEP_SHARE * self.limit

    def pause(self, since_last: float) -> float:
        """Until the next measurement, by how fast the folder grew in the `since_last` seconds."""
        longest = SELDOM_SECONDS if self.share >= HALF_SHARE else REST_SECONDS
        room = END_SHARE * self.limit - self.used
        if self.grown <= 0 or room <= 0:
            return longest
        return min(longest, max(OFTEN_SECONDS, room / self.grown * since_last / _QUARTER))


@dataclass(frozen=True)
class Writer:
    """What a session has written since the look before: stored bytes, and those given to write(2).

    `is_there`: it has a file open below the folder in question.
    """

    stored: int
    called: int
    is_there: bool


def largest(sizes: Mapping[str, int]) -> str | None:
    """The session with the largest size, if it has any."""
    found = max(sizes, key=lambda session: sizes[session], default=None)
    return found if found is not None and sizes[found] > 0 else None


def largest_writer(writers: Mapping[str, Writer], grown: int) -> str | None:
    """Who made a folder grow by `grown` bytes.

    Stored bytes tell, if they are enough to explain it: on a file system in memory nothing is stored.
    There it is who has a file open in the folder and wrote the most.
    """
    stored = largest({session: writer.stored for session, writer in writers.items()})
    if stored is not None and writers[stored].stored * _QUARTER * len(writers) >= grown:
        return stored
    return largest({session: writer.called for session, writer in writers.items() if writer.is_there})


def least_pause(took: float) -> float:
    """Between two measurements, so that measuring a large tree takes a tenth of the time at most."""
    return 9 * took


def memory_sentence(size: int, share: float, limit: int) -> str:
    """Why a session ended, as its last marker says it."""
    return (
        f"it used the most memory ({_mebibytes(size)}) when the toolbox had "
        f"{share * 100:.0f} % of its {_mebibytes(limit)} in use"
    )


def folder_sentence(rule: FolderRule) -> str:
    """Why a session ended, as its last marker says it."""
    share = f"{rule.share * 100:.0f} %"
    return f"it wrote the most when {rule.path} had {share} of its {_mebibytes(rule.limit)} in use"


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
