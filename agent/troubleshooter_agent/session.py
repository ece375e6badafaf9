"""What a session is before it starts: whose, where recorded, what it runs; values only.

PID 1 makes a `Job` for a recorder, `record` makes one for a local recording.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from troubleshooter_agent import __version__
from troubleshooter_agent.contract import format_time
from troubleshooter_agent.limits import UNLIMITED, Limits
from troubleshooter_agent.transfer import Transfer

ID_LENGTH: Final = 8
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_ENTROPY_BYTES: Final = 16  # far more than an id holds, so that no id is likelier than another
_RECORDED_ENVIRONMENT: Final = ("SHELL", "TERM")


@dataclass(frozen=True)
class Program:
    """What to run: `argv` without a shell, in `folder` if that can be entered."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: str


@dataclass(frozen=True)
class Toolbox:
    """The toolbox a session runs in, as the header of its recording tells it."""

    namespace: str
    name: str
    run: int = 1
    pod: str = ""
    pod_uid: str = ""
    purpose: str = ""
    image: str = ""


@dataclass(frozen=True)
class Job:
    """One session to record.

    `started` is seconds since the epoch; `size` is columns and rows of the person's terminal, or None
    without one.
    """

    id: str
    started: float
    user: str
    verified: bool
    toolbox: Toolbox
    program: Program
    size: tuple[int, int] | None
    root: Path  # the volume, or the folder of a local recording
    cast: Path
    first_line: str = ""
    motd: tuple[str, ...] = ()  # further lines below it
    limits: Limits = UNLIMITED
    transfer: Transfer | None = None
    saved: bool = True  # False: nothing stays on the volume, and the cast goes when the session has ended
    logged: bool = False  # also written to the container's log
    hang_up_when_left: bool = False  # a toolbox keeps a session whose person is gone, `record` does not

    @property
    def file(self) -> str:
        """The cast's name as all reports tell it, relative to the volume; empty where none stays."""
        return str(self.cast.relative_to(self.root)) if self.saved else ""

    @property
    def recorded(self) -> bool:
        """Whether anything of the session is left when it has ended."""
        return self.saved or self.logged

    def header(self) -> dict[str, Any]:
        """What stands under `troubleshooter` in the header."""
        return {
            "namespace": self.toolbox.namespace,
            "name": self.toolbox.name,
            "run": self.toolbox.run,
            "pod": self.toolbox.pod,
            "podUID": self.toolbox.pod_uid,
            "user": self.user,
            "verified": self.verified,
            "purpose": self.toolbox.purpose,
            "image": self.toolbox.image,
            "agentVersion": __version__,
        }

    def recorded_environment(self) -> dict[str, str]:
        """The variables that a player may want; the others are the person's own business."""
        environment = self.program.environment
        return {name: environment[name] for name in _RECORDED_ENVIRONMENT if name in environment}


def new_id() -> str:
    """A session's id: 8 of a-z0-9, which nobody guesses."""
    number = int.from_bytes(os.urandom(_ENTROPY_BYTES))  # not `secrets`: it brings five modules with it
    digits = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)


def cast_name(started: float, session_id: str) -> str:
    """The file name of a recording that began at `started`, in seconds since the epoch."""
    return f"{format_time(started).replace(':', '-')}-{session_id}.cast"


def printable(text: str) -> str:
    """A stranger's text for a terminal: what is no printable character becomes a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text)
