"""What `save` has to copy: the agent's manifest, checked, and what is to be done with each file; pure.

The names come from a volume that strangers could write on: none may lead out of the folder that is saved to.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from troubleshooter_cli.errors import BrokenError

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_DEPTHS: Final = range(1, 4)  # NAMESPACE/NAME/FILE, or README.txt on top
INDEX: Final = "index.jsonl"
_RESERVED: Final = ".part"  # ours, for what is not whole yet


@dataclass(frozen=True)
class Entry:
    """A file on the volume. `sha256` is of its first `bytes` bytes; empty while it is written to."""

    file: str
    bytes: int
    sha256: str
    running: bool = False
    id: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.file.split("/"))


class Step(StrEnum):
    """What to do for a file."""

    FETCH = "fetch"
    HAVE = "have"  # it is here and the same
    LATER = "later"  # it is still written to
    KEEP = "keep"  # another file of that name is here, which is not touched


def entry_of(told: Mapping[str, Any]) -> Entry:
    """One line of the manifest; BrokenError with what is wrong with it."""
    match told:
        case {"file": str() as file, "bytes": int() as size} if is_safe(file) and size >= 0:
            sha256, running = told.get("sha256") or "", told.get("running") is True
            if running or _SHA256.fullmatch(str(sha256)):
                return Entry(file, size, "" if running else str(sha256), running, str(told.get("id") or ""))
    raise BrokenError(
        f"{str(told.get('file'))[:200]!r} is not copied: that is no name or hash of a recording",
        "somebody has written on the volume; look at it with kubectl troubleshoot verify",
    )


def is_safe(file: str) -> bool:
    """Whether a name leads to an ordinary place below a folder, on any system."""
    parts = file.split("/")
    plain = all(_NAME.fullmatch(part) and not part.endswith((_RESERVED, ".")) for part in parts)
    return plain and len(parts) in _DEPTHS


def step(entry: Entry, *, here: int | None, same: bool) -> Step:
    """`here`: how many bytes of such a file are here, if any; `same`: whether those are all of it."""
    if entry.running:
        return Step.LATER
    if here is None:
        return Step.FETCH
    if same:
        return Step.HAVE
    # Only the index grows: a copy of it that has fewer lines is an earlier one.
    return Step.FETCH if entry.parts[-1] == INDEX and here < entry.bytes else Step.KEEP


def resume_at(entry: Entry, part: int) -> int:
    """Where to go on, with so many bytes here; a part that is too long is of something else."""
    return part if part <= entry.bytes else 0
