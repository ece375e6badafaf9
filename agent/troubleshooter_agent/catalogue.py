"""What is known of each recording, as one JSON object: for programs, of which the plugin is the first.

The summary tells most; what runs, or was lost, has only its cast. All of it is what strangers could have
written, so whatever is not of its type is left out.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

import orjson

from troubleshooter_agent.asciicast import ENDED_PREFIX, MARKER, sayable
from troubleshooter_agent.glance import header_of, last_event, seconds_between, session_of, summary_of
from troubleshooter_agent.pipes import reader_may_leave
from troubleshooter_agent.volume import Found, ReadingError, is_running, walk

ENDED: Final = "ended"
RUNNING: Final = "running"
TORN: Final = "torn"  # it ended without a summary: `repair` mends it
UNREADABLE: Final = "unreadable"
_TEXTS: Final = ("namespace", "name", "user", "purpose")


def list_as_json(root: Path, out: TextIO) -> int:
    """One object a line for each recording on the volume, the oldest first."""
    facts = sorted(
        (facts_of(found) for found in walk(root)), key=lambda each: (each["startedAt"], each["id"])
    )
    with reader_may_leave(out):
        out.writelines(orjson.dumps(each).decode() + "\n" for each in facts)
    return 0


def facts_of(found: Found) -> dict[str, Any]:
    """All that is known of one recording; the keys are always the same."""
    try:
        with found.open() as cast:
            return _facts(found, cast)
    except ReadingError as error:
        return _described(found, {}) | {"state": UNREADABLE, "reason": error.message}


def _facts(found: Found, cast: BinaryIO) -> dict[str, Any]:
    facts = _described(found, session_of(header_of(cast)))
    size = os.fstat(cast.fileno()).st_size
    match summary_of(found):
        case {"endedAt": str() as ended} as summary:
            return facts | _summarised(summary, facts["startedAt"], ended, size)
    last = last_event(cast, size)
    said = last.text if last and last.code == MARKER and last.text.startswith(ENDED_PREFIX) else ""
    state = RUNNING if is_running(cast) else ENDED if said else TORN
    return facts | {"seconds": last and last.time, "bytes": size, "state": state, "reason": _why(said)}


def _described(found: Found, header: Mapping[str, Any]) -> dict[str, Any]:
    namespace, name = (*found.file.parts[:2], "", "")[:2] if len(found.file.parts) == 3 else ("", "")
    facts: dict[str, Any] = {
        "id": found.id,
        "file": sayable(str(found.file)),
        "namespace": sayable(namespace),
        "name": sayable(name),
        "run": header["run"] if isinstance(header.get("run"), int) else None,
        "user": "",
        "verified": header.get("verified") is True,
        "purpose": "",
        "startedAt": found.started_at,
        "endedAt": None,
        "seconds": None,
        "exitCode": None,
        "bytes": 0,
        "sha256": None,
        "state": TORN,
        "reason": "",
    }
    return facts | {key: header[key] for key in _TEXTS if isinstance(header.get(key), str)}


def _summarised(summary: Mapping[str, Any], started: str, ended: str, size: int) -> dict[str, Any]:
    told = {
        "endedAt": ended,
        "seconds": seconds_between(started, ended),
        "exitCode": summary.get("exitCode"),
        "bytes": size,
        "sha256": summary.get("sha256"),
        "state": ENDED,
        "reason": summary.get("why", ""),
    }
    wanted = {"exitCode": int | None, "sha256": str | None, "reason": str}
    return {key: value for key, value in told.items() if isinstance(value, wanted.get(key, object))}


def _why(marker: str) -> str:
    return marker.removeprefix(ENDED_PREFIX).removeprefix(": ")
