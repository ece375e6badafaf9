"""Everything about one toolbox as text for a person; pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from troubleshooter_agent.contract import format_time
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.remedies import NOBODY, remedy
from troubleshooter_cli.talk import printable
from troubleshooter_cli.toolboxes import Toolbox, span

_WIDTH: Final = 14
_CONDITIONS: Final = ("Ready", "RecordingsRetained", "Recorded", "Ended")
SESSION_TITLES: Final = ("ID", "USER", "STARTED", "ENDED", "EXIT", "BYTES")


def facts(box: Toolbox, now: float) -> Iterator[str]:
    """A line for each thing that is known; names and purposes are strangers' text."""
    resolved = box.status.get("resolved") or {}
    known = {
        "Name": f"{box.namespace}/{box.name}",
        "Purpose": box.spec.get("purpose"),
        "Requested by": box.owner,
        "Class": resolved.get("className") or box.spec.get("troubleshooterClassName"),
        "Image": resolved.get("image") or box.spec.get("image"),
        "Run": f"{box.status.get('run') or 'none has begun'}"
        + (f" ({box.run} is wanted)" if box.run != (box.status.get("run") or box.run) else ""),
        "Pod": f"{box.pod.namespace}/{box.pod.name}" if box.status.get("podName") else "",
        "Recordings": _recordings(box),
        "Life time": _life(box, now),
        "Idle time-out": resolved.get("idleTimeout"),
        "Started": box.status.get("startedAt"),
        "Last activity": box.status.get("lastActivityAt"),
        "Ended": box.status.get("endedAt"),
    }
    for title, value in known.items():
        if value:
            yield f"{title + ':':<{_WIDTH}} {printable(str(value))}"


def conditions(box: Toolbox) -> Iterator[str]:
    """Each condition with its sentence, and what to do about the one that matters."""
    for kind in _CONDITIONS:
        found = box.condition(kind)
        if found.reason:
            yield f"  {kind}: {'yes' if found.is_true else 'no'}, {found.reason}"
            yield f"    {printable(found.message)}"
    reason = "Ended" if box.is_ended else box.condition("Ready").reason
    advice = remedy(box, reason) if reason else NOBODY
    if advice:
        yield f"  What to do: {printable(advice)}"


def session_rows(box: Toolbox) -> list[tuple[str, ...]]:
    """The last ten sessions, newest first, under SESSION_TITLES."""
    keys = ("id", "user", "startedAt", "endedAt", "exitCode", "bytes")
    return [
        tuple("" if session.get(key) is None else str(session[key]) for key in keys)
        for session in box.sessions
    ]


def event_lines(events: Sequence[Json]) -> Iterator[str]:
    """When, of what kind, why, what."""
    for event in events:
        when = event.get("lastTimestamp") or event.get("eventTime") or ""
        message = " ".join(str(event.get("message", "")).split())
        yield printable(f"  {when}  {event.get('type')}  {event.get('reason')}  {message}")


def _recordings(box: Toolbox) -> str:
    if not box.claim:
        return "not saved"
    recordings = box.status.get("recordings") or {}
    policy = f", {recordings['reclaimPolicy']}" if recordings.get("reclaimPolicy") else ""
    return f"claim {box.claim}" + (f", volume {box.volume}{policy}" if box.volume else "")


def _life(box: Toolbox, now: float) -> str:
    span_asked = str((box.status.get("resolved") or {}).get("timeToLive") or box.spec.get("timeToLive") or "")
    if box.is_ended or box.expires_at is None:
        return span_asked
    return f"{span_asked}, until {format_time(box.expires_at)} ({span(box.expires_at - now)} left)"
