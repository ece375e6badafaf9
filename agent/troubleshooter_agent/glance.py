"""What can be told of a recording without reading it through: its header, its summary, its last event.

The list, its JSON and the search call it. Strangers could have written all of it, so what is not of its form
is as good as not there.
"""

import os
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import orjson

from troubleshooter_agent import repair
from troubleshooter_agent.asciicast import Event, NotACastError, parse_header
from troubleshooter_agent.contract import parse_time
from troubleshooter_agent.volume import Found

_SMALL_BYTES: Final = 64 * 1024  # more than any summary or header that we wrote
_TAIL_BYTES: Final = 1 << 20  # more than the last line; what else a stranger appended is not searched


def header_of(cast: BinaryIO) -> Mapping[str, Any]:
    """The header of a cast, empty if there is none."""
    try:
        return parse_header(os.pread(cast.fileno(), _SMALL_BYTES, 0).partition(b"\n")[0])
    except NotACastError:
        return {}


def session_of(header: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a header tells of the session, empty if it tells nothing."""
    session = header.get("troubleshooter")
    return session if isinstance(session, dict) else {}


def user_of(header: Mapping[str, Any]) -> str:
    user = session_of(header).get("user")
    return user if isinstance(user, str) else ""


def summary_of(found: Found) -> Any:
    """The summary beside a cast as JSON, None if there is none."""
    try:
        return orjson.loads(found.summary(_SMALL_BYTES))
    except orjson.JSONDecodeError:
        return None


def last_event(cast: BinaryIO, size: int) -> Event | None:
    """The last whole event of a cast of `size` bytes, as far as its end tells one."""
    return repair.examine(os.pread(cast.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES)), "").last


def seconds_between(started: str, ended: str) -> float | None:
    """None where one of them is no instant."""
    try:
        return max(0.0, parse_time(ended) - parse_time(started))
    except (ValueError, TypeError):
        return None
