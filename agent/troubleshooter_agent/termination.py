"""The termination message: what the operator learns from a container that has ended; pure."""

from collections.abc import Sequence
from typing import Final

import orjson

from troubleshooter_agent.contract import (
    TERMINATION_MESSAGE_BYTES,
    USER_BYTES,
    SessionReport,
    TerminationMessage,
)

_MESSAGE_BYTES: Final = 512


def termination_message(message: TerminationMessage) -> bytes:
    """JSON of at most TERMINATION_MESSAGE_BYTES: all that is fixed, and as many sessions as fit, whole."""
    sessions = [_with_short_user(session) for session in message["sessions"]]
    fixed = TerminationMessage(
        **{**message, "message": cut(message["message"], _MESSAGE_BYTES), "sessions": []}
    )
    while len(content := orjson.dumps({**fixed, "sessions": sessions})) > TERMINATION_MESSAGE_BYTES:
        sessions = _fewer(sessions, len(content) - TERMINATION_MESSAGE_BYTES)
    return content


def cut(text: str, size: int) -> str:
    """The longest beginning of `text` that takes at most `size` bytes of UTF-8."""
    return text.encode(errors="replace")[:size].decode(errors="ignore")


def _with_short_user(session: SessionReport) -> SessionReport:
    return SessionReport(**{**session, "user": cut(session["user"], USER_BYTES)})


def _fewer(sessions: Sequence[SessionReport], excess: int) -> list[SessionReport]:
    """Without the oldest ones that make up `excess` bytes, but always one fewer."""
    kept = list(sessions)
    while kept and excess > 0:
        excess -= len(orjson.dumps(kept.pop())) + 1
    return kept
