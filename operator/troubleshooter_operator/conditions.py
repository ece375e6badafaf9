"""The conditions of both kinds: their names, reasons, and how they change over time; pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from troubleshooter_agent.contract import EndReason, format_time
from troubleshooter_operator.kinds import Json

MESSAGE_CHARACTERS: Final = 1024


class Ready(StrEnum):
    """Why a shell can be opened, or recordings be read, or why not."""

    SHELL_AVAILABLE = "ShellAvailable"
    REPLAY_AVAILABLE = "ReplayAvailable"
    PROVISIONING = "Provisioning"
    UNSCHEDULABLE = "Unschedulable"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    IMAGE_WITHOUT_AGENT = "ImageWithoutAgent"
    VOLUME_PENDING = "VolumePending"
    POD_NAME_TAKEN = "PodNameTaken"
    CLAIM_NOT_OURS = "ClaimNotOurs"
    RECORDINGS_NOT_FOUND = "RecordingsNotFound"
    CLASS_NOT_FOUND = "ClassNotFound"
    NOT_ALLOWED = "NotAllowed"
    FORBIDDEN = "Forbidden"
    STOPPED = "Stopped"
    ENDED = "Ended"


class RecordingsRetained(StrEnum):
    """Whether the volume outlives its claim."""

    RETAINED = "Retained"
    PENDING = "Pending"
    NOT_PERMITTED = "NotPermitted"
    NOT_REQUESTED = "NotRequested"


class Recorded(StrEnum):
    """Whether every session is recorded completely."""

    COMPLETE = "Complete"
    RUNNING = "Running"
    TRUNCATED = "Truncated"
    FAILED = "Failed"
    NOT_REQUESTED = "NotRequested"


AVAILABLE: Final = frozenset({Ready.SHELL_AVAILABLE, Ready.REPLAY_AVAILABLE})
RUNNING: Final = "Running"  # of Ended, while it is False


@dataclass(frozen=True)
class Condition:
    type: str
    status: bool
    reason: str
    message: str


def ready(reason: Ready, message: str) -> Condition:
    return Condition("Ready", reason in AVAILABLE, reason, message)


def retained(reason: RecordingsRetained, message: str) -> Condition:
    return Condition("RecordingsRetained", reason == RecordingsRetained.RETAINED, reason, message)


def recorded(reason: Recorded, message: str) -> Condition:
    return Condition("Recorded", reason == Recorded.COMPLETE, reason, message)


def ended(reason: EndReason | None, message: str) -> Condition:
    return Condition("Ended", reason is not None, reason or RUNNING, message)


NOT_RECORDED: Final = recorded(
    Recorded.NOT_REQUESTED, "Nothing is recorded: neither saveToDisk nor logToStdout was asked for"
)


def find(conditions: list[Json], kind: str) -> Condition | None:
    """One condition of a status as it was read back."""
    for found in conditions:
        if found.get("type") == kind:
            return Condition(kind, found["status"] == "True", found["reason"], found["message"])
    return None


def render(conditions: list[Condition], before: list[Json], generation: int, now: float) -> list[Json]:
    """As the API wants them; lastTransitionTime moves only when the status does."""
    return [_render(condition, before, generation, now) for condition in conditions]


def _render(condition: Condition, before: list[Json], generation: int, now: float) -> Json:
    status = "True" if condition.status else "False"
    old = next((found for found in before if found.get("type") == condition.type), None)
    unchanged = old is not None and old["status"] == status
    return {
        "type": condition.type,
        "status": status,
        "reason": str(condition.reason),
        "message": condition.message[:MESSAGE_CHARACTERS],
        "lastTransitionTime": old["lastTransitionTime"] if old and unchanged else format_time(now),
        "observedGeneration": generation,
    }
