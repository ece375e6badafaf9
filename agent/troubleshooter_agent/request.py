"""What a client asks PID 1 for: the value, its packet, and the check of a packet that anybody could send.

The client packs and the door unpacks. Words of a command line need not be UTF-8, and JSON takes nothing
else, so they travel one character a byte.
"""

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from troubleshooter_agent.channel import Packet

DESCRIPTORS: Final = (0, 1, 2)  # what comes with a request: the person's
LONGEST_USER: Final = 1024  # bytes as JSON: /status has to hold those of many sessions
MOST_WORDS: Final = 16  # of a reading's command line in its note
LONGEST_EXTENSION: Final = 24 * 3600  # seconds; no class lets a toolbox live so long
_ID: Final = re.compile(r"[a-z0-9]{8}")
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
    may_ask: bool = False  # whether the person can be asked to go on with a session of theirs instead

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
                "may_ask": self.may_ask,
            }
        }


@dataclass(frozen=True)
class Attach:
    """A session to take over, or to look at with `view`; an empty `id` is the only one of that user."""

    id: str
    user: str
    size: tuple[int, int]
    view: bool = False

    def to_message(self) -> dict[str, Any]:
        return {
            "attach": {"id": self.id, "user": self.user, "size": list(self.size), "view": self.view},
        }


@dataclass(frozen=True)
class Extend:
    """A longer life of the toolbox: `by` seconds more; `to` is that in all, once PID 1 has said how much."""

    by: int
    user: str
    to: int = 0

    def to_message(self) -> dict[str, Any]:
        return {"extend": {"by": self.by, "to": self.to, "user": self.user}}


@dataclass(frozen=True)
class Read:
    """A reading, which is never recorded: its command line, as far as a note tells it, and who asks."""

    argv: tuple[str, ...]
    user: str

    def to_message(self) -> dict[str, Any]:
        return {"read": {"argv": [_packed(word) for word in self.argv], "user": self.user}}


Wanted = Request | Attach | Extend | Read


def parse_request(packet: Packet) -> Wanted | None:
    """A client's request; None for anything else, and for what no program can be started with."""
    if len(packet.descriptors) != len(DESCRIPTORS):
        return None
    with contextlib.suppress(ValueError):
        return (
            _parse_open(packet.message.get("open"))
            or _parse_attach(packet.message.get("attach"))
            or _parse_extend(packet.message.get("extend"))
            or _parse_read(packet.message.get("read"))
        )
    return None


def _parse_extend(message: Any) -> Extend | None:
    match message:
        case {"by": int() as by, "to": int() as to, "user": str() as user} if not is_too_long(user):
            if 0 < by <= LONGEST_EXTENSION and 0 <= to <= LONGEST_EXTENSION:
                return Extend(by, user, to)
    return None


def _parse_read(message: Any) -> Read | None:
    match message:
        case {"argv": list() as argv, "user": str() as user} if not is_too_long(user):
            return Read(tuple(_word(word) for word in argv[:MOST_WORDS]), user)
    return None


def _parse_attach(message: Any) -> Attach | None:
    match message:
        case {
            "id": str() as session_id,
            "user": str() as user,
            "size": [int() as columns, int() as rows],
            "view": bool() as view,
        } if not is_too_long(user):
            return Attach(_id(session_id), user, (_length(columns), _length(rows)), view)
    return None


def _parse_open(message: Any) -> Request | None:
    match message:
        case {
            "argv": list() as argv,
            "user": str() as user,
            "environment": dict() as environment,
            "folder": str() as folder,
            "size": None | [int(), int()] as size,
        } if not is_too_long(user):
            return Request(
                argv=tuple(_word(word) for word in argv),
                user=user,
                environment={_name(name): _word(value) for name, value in environment.items()},
                folder=_word(folder),
                size=None if size is None else (_length(size[0]), _length(size[1])),
                may_ask=message.get("may_ask") is True,
            )
    return None


def shell_argv(environment: Mapping[str, str], command: str | None = None) -> tuple[str, ...]:
    """The person's shell, or the shell that runs a command line."""
    shell = environment.get("SHELL") or ("/bin/bash" if Path("/bin/bash").exists() else "/bin/sh")
    return (shell,) if command is None else (shell, "-c", command)


def is_id(text: str) -> bool:
    """Whether a text can be the id of a session."""
    return _ID.fullmatch(text) is not None


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


def _id(text: str) -> str:
    if text and not is_id(text):
        raise ValueError
    return text


def _length(number: int) -> int:
    if not 0 <= number <= _LARGEST:
        raise ValueError
    return number
