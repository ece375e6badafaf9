"""What a client asks PID 1 for: the value, its packet, and the check of a packet that anybody could send.

The client packs and the door unpacks. Words of a command line need not be UTF-8, and JSON takes nothing
else, so they travel one character a byte.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from troubleshooter_agent.channel import Packet

DESCRIPTORS: Final = (0, 1, 2)  # what comes with a request: the person's
LONGEST_USER: Final = 1024  # bytes as JSON: /status has to hold those of many sessions
_LARGEST: Final = 65_535  # columns or rows of a terminal


@dataclass(frozen=True)
class Request:
    """A session to open. No `argv`: the person's shell. `size` is columns and rows, None without a terminal.

    `user` is what the person says, and nobody has checked it.
    """

    argv: tuple[str, ...]
    user: str
    environment: Mapping[str, str]
    folder: str
    size: tuple[int, int] | None

    def to_message(self) -> dict[str, Any]:
        return {
            "open": {
                "argv": [_packed(word) for word in self.argv],
                "user": self.user,
                "environment": {
                    _packed(name): _packed(value) for name, value in self.environment.items() if name
                },
                "folder": _packed(self.folder),
                "size": list(self.size) if self.size else None,
            }
        }


def parse_request(packet: Packet) -> Request | None:
    """A client's request; None for anything else, and for what no program can be started with."""
    match packet.message.get("open"):
        case {
            "argv": list() as argv,
            "user": str() as user,
            "environment": dict() as environment,
            "folder": str() as folder,
            "size": None | [int(), int()] as size,
        } if len(packet.descriptors) == len(DESCRIPTORS) and not is_too_long(user):
            with contextlib.suppress(ValueError):
                return Request(
                    argv=tuple(_word(word) for word in argv),
                    user=user,
                    environment={_name(name): _word(value) for name, value in environment.items()},
                    folder=_word(folder),
                    size=None if size is None else (_length(size[0]), _length(size[1])),
                )
    return None


def shell_argv(environment: Mapping[str, str], command: str | None = None) -> tuple[str, ...]:
    """The person's shell, or the shell that runs a command line."""
    shell = environment.get("SHELL") or ("/bin/bash" if Path("/bin/bash").exists() else "/bin/sh")
    return (shell,) if command is None else (shell, "-c", command)


def is_too_long(user: str) -> bool:
    """Whether a name is longer than anybody's."""
    return len(orjson.dumps(user)) > LONGEST_USER


def _packed(word: str) -> str:
    return os.fsencode(word).decode("latin-1")


def _word(text: object) -> str:
    if not isinstance(text, str) or "\0" in text:
        raise ValueError
    return os.fsdecode(text.encode("latin-1"))


def _name(text: str) -> str:
    if not text or "=" in text:
        raise ValueError
    return _word(text)


def _length(number: int) -> int:
    if not 0 <= number <= _LARGEST:
        raise ValueError
    return number
