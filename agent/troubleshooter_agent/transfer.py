"""Whether a command is a file transfer, as `kubectl cp` runs one, and what is told of it; pure.

A transfer is recorded as name, direction, size and sha256 instead of megabytes of binary. So what counts
as one is narrow: tar alone, without a terminal, with none of the options by which tar runs programs, in an
environment that is not the person's. Anything else is an ordinary session.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from hashlib import _Hash

Direction = Literal["download", "upload"]

_TAR: Final = frozenset({"tar", "/bin/tar", "/usr/bin/tar"})
_DIRECTIONS: Final[Mapping[str, Direction]] = {"c": "download", "x": "upload"}
_HARMLESS: Final = frozenset("fmphv")  # letters beside c or x
_FLAGS: Final = frozenset({"--no-same-permissions", "--no-same-owner"})
# No PATH, LD_PRELOAD or TAR_OPTIONS of the person's: they could make another program of it.
ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


@dataclass
class Transfer:
    """A transfer, and what has passed of it so far; `name` is what is packed, or where it is unpacked."""

    direction: Direction
    name: str
    size: int = 0
    digest: "_Hash" = field(default_factory=hashlib.sha256)

    def passed(self, content: bytes) -> None:
        """Count a piece of the archive, in its order."""
        self.size += len(content)
        self.digest.update(content)

    def to_dict(self) -> dict[str, Any]:
        """What the summary tells."""
        return {
            "direction": self.direction,
            "name": self.name,
            "bytes": self.size,
            "sha256": self.digest.hexdigest(),
        }

    def beginning(self) -> str:
        """The marker before the first byte."""
        return f"transfer: {self.direction} of {self.name}"

    def end(self) -> str:
        """The marker after the last byte."""
        return f"{self.beginning()}: {self.size} bytes, sha256 {self.digest.hexdigest()}"


def transfer_of(argv: Sequence[str]) -> Transfer | None:
    """The transfer that a command is; None for any other command."""
    match argv:
        case [program, letters, "-", *rest] if program in _TAR:
            letters = letters.removeprefix("-")
            names = _names(rest)
        case _:
            return None
    operations = [letter for letter in letters if letter in _DIRECTIONS]
    others = set(letters) - set(operations)
    if len(operations) != 1 or not letters.endswith("f") or not others <= _HARMLESS or names is None:
        return None
    return Transfer(_DIRECTIONS[operations[0]], " ".join(names) or ".")


def _names(words: Sequence[str]) -> list[str] | None:
    """Folder and files that a command line names; None if an option of it may do harm."""
    names = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "-C" and rest:
            names.append(rest.pop(0))
        elif not word.startswith("-"):
            names.append(word)
        elif word not in _FLAGS:
            return None
    return names
