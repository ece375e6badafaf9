"""What the agent says of itself, /status and the termination message: untrusted JSON made into values; pure.

Whoever is recorded may have written it, so every field is checked, cut and bounded, and what does not fit is
dropped as a whole: a half-understood report is none.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent.contract import EndReason, SessionReport, format_time, parse_duration, parse_time

SESSIONS_KEPT: Final = 10
DURATION_CHARACTERS: Final = 16
# The reasons that an agent can know by itself; the others are for whoever sees the pod from outside.
REASONS_OF_AGENT: Final = frozenset(
    {
        EndReason.IDLE_TIMEOUT,
        EndReason.TIME_TO_LIVE_REACHED,
        EndReason.STOPPED,
        EndReason.RECORDING_FAILED,
        EndReason.AGENT_FAILED,
        EndReason.POD_DELETED,
    }
)
_COUNT_LIMIT: Final = 2**31 - 1
_BYTES_LIMIT: Final = 2**63 - 1
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Report:
    """GET /status of a running toolbox."""

    end: str
    wanted_time_to_live: str  # what a shell asks for, "" if nothing
    session_count: int
    recording_failures: int
    last_activity_at: str | None
    chain: str
    sessions: tuple[SessionReport, ...]


@dataclass(frozen=True)
class Farewell:
    """The termination message of an ended one."""

    reason: EndReason
    message: str
    ended_at: str
    session_count: int
    recorded_bytes: int  # of all sessions, while `sessions` are the last ones
    recording_failures: int
    chain: str
    sessions: tuple[SessionReport, ...]


class _MalformedError(ValueError):
    """A field that is not what the contract says."""


def read_report(text: str | bytes) -> Report | None:
    """None for anything that is not a /status of the contract."""
    try:
        found = _object(text)
        return Report(
            end=_text(found, "end", 64),
            wanted_time_to_live=_duration(found, "wantedTimeToLive"),
            session_count=_number(found, "sessionCount"),
            recording_failures=_number(found, "recordingFailures"),
            last_activity_at=_instant_or_none(found, "lastActivityAt"),
            chain=_hash(found, "chain") or "",
            sessions=_sessions(found),
        )
    except (ValueError, RecursionError):  # also what json itself refuses
        return None


def read_farewell(text: str | bytes) -> Farewell | None:
    """None for anything that is not a termination message of the contract."""
    try:
        found = _object(text)
        return Farewell(
            reason=_reason(found),
            message=_text(found, "message", 512),
            ended_at=_instant(found, "endedAt"),
            session_count=_number(found, "sessionCount"),
            recorded_bytes=_number(found, "recordedBytes", _BYTES_LIMIT),
            recording_failures=_number(found, "recordingFailures"),
            chain=_hash(found, "chain") or "",
            sessions=_sessions(found),
        )
    except (ValueError, RecursionError):  # also what json itself refuses
        return None


def _duration(found: dict[str, Any], field: str) -> str:
    """A duration of the contract, or nothing; an agent from before the field has none."""
    value = found.get(field, "")
    if not isinstance(value, str) or len(value) > DURATION_CHARACTERS:
        raise _MalformedError(field)
    if value:
        parse_duration(value)
    return value


def _object(text: str | bytes) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise _MalformedError("no object")
    return found


def _reason(found: dict[str, Any]) -> EndReason:
    reason = found.get("reason")
    if not isinstance(reason, str) or reason not in REASONS_OF_AGENT:
        raise _MalformedError("reason")
    return EndReason(reason)


def _text(found: dict[str, Any], field: str, limit: int) -> str:
    value = found.get(field)
    if not isinstance(value, str):
        raise _MalformedError(field)
    # Lone surrogates cannot be sent on as UTF-8.
    return _CONTROL.sub(" ", value).encode(errors="replace").decode()[:limit]


def _number(found: dict[str, Any], field: str, limit: int = _COUNT_LIMIT) -> int:
    value = found.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
        raise _MalformedError(field)
    return value


def _exit_code(found: dict[str, Any]) -> int | None:
    return None if found.get("exitCode") is None else _number(found, "exitCode", 255)


def _hash(found: dict[str, Any], field: str) -> str | None:
    value = found.get(field)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise _MalformedError(field)
    return value


def _instant(found: dict[str, Any], field: str) -> str:
    value = found.get(field)
    if not isinstance(value, str):
        raise _MalformedError(field)
    try:
        return format_time(parse_time(value))
    except (ValueError, OverflowError) as error:
        raise _MalformedError(field) from error


def _instant_or_none(found: dict[str, Any], field: str) -> str | None:
    return None if found.get(field) is None else _instant(found, field)


def _sessions(found: dict[str, Any]) -> tuple[SessionReport, ...]:
    sessions = found.get("sessions")
    if not isinstance(sessions, list):
        raise _MalformedError("sessions")
    return tuple(_session(session) for session in sessions[:SESSIONS_KEPT])


def _session(found: Any) -> SessionReport:
    if not isinstance(found, dict):
        raise _MalformedError("sessions")
    return SessionReport(
        id=_text(found, "id", 64),
        user=_text(found, "user", 256),
        startedAt=_instant(found, "startedAt"),
        endedAt=_instant_or_none(found, "endedAt"),
        exitCode=_exit_code(found),
        bytes=_number(found, "bytes", _BYTES_LIMIT),
        sha256=_hash(found, "sha256"),
        file=_text(found, "file", 512),
    )
