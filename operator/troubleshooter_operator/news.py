"""Which changes of the conditions are worth an Event, one for each; pure.

`perform` asks after it has written a status. That a run ended is no news here: `plan` announces it before
the status tells it, so that it is never lost.
"""

from dataclasses import dataclass
from typing import Final

from troubleshooter_operator.conditions import MESSAGE_CHARACTERS, Ready, Recorded, RecordingsRetained
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.starting import one_line

# On the way to something, or told by another Event.
_SILENT: Final[dict[str, frozenset[str]]] = {
    "Ready": frozenset({Ready.PROVISIONING, Ready.ENDED}),
    "RecordingsRetained": frozenset({RecordingsRetained.PENDING, RecordingsRetained.NOT_REQUESTED}),
    "Recorded": frozenset({Recorded.RUNNING}),
}
_NORMAL: Final = frozenset(
    {
        ("Ready", Ready.SHELL_AVAILABLE),
        ("Ready", Ready.REPLAY_AVAILABLE),
        ("Ready", Ready.STOPPED),
        ("RecordingsRetained", RecordingsRetained.RETAINED),
        ("Recorded", Recorded.COMPLETE),
    }
)


@dataclass(frozen=True)
class News:
    """One condition that has another reason than before; `message` is one line."""

    condition: str
    reason: str
    message: str
    normal: bool


def news(before: Json, after: Json) -> tuple[News, ...]:
    """What is new in the status `after`, where it was `before`; empty for a status that was never written."""
    known = {(found["type"], found["reason"]) for found in before.get("conditions") or ()}
    return tuple(
        _news(found)
        for found in after["conditions"]
        if (found["type"], found["reason"]) not in known and _is_worth_telling(found)
    )


def _is_worth_telling(found: Json) -> bool:
    return found["type"] in _SILENT and found["reason"] not in _SILENT[found["type"]]


def _news(found: Json) -> News:
    kind, reason = found["type"], found["reason"]
    told = _plain(f"{kind}: {found['message']}")[:MESSAGE_CHARACTERS]
    return News(kind, reason, told, normal=(kind, reason) in _NORMAL)


def _plain(text: str) -> str:
    """It may quote names and messages of anybody, and ends in terminals."""
    return "".join(each if each.isprintable() else "\ufffd" for each in one_line(text))
