"""A toolbox as a value, from its Troubleshooter as the API server has it; pure."""

from dataclasses import dataclass, field
from typing import Final

from troubleshooter_agent.contract import format_duration, parse_time
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.kubectl import Pod

_SETTLED: Final = "Stopped"  # made so, and never begun


@dataclass(frozen=True)
class Condition:
    """One of a status; the empty one is false and says nothing."""

    is_true: bool = False
    reason: str = ""
    message: str = ""


@dataclass(frozen=True)
class Toolbox:
    """`generation` and `seen`: of the spec as it is, and as the operator last looked at it."""

    namespace: str
    name: str
    uid: str
    json: Json = field(repr=False, compare=False)

    @property
    def spec(self) -> Json:
        return self.json.get("spec") or {}

    @property
    def status(self) -> Json:
        return self.json.get("status") or {}

    def condition(self, kind: str) -> Condition:
        for found in self.status.get("conditions") or ():
            if found.get("type") == kind:
                return Condition(
                    found.get("status") == "True",
                    str(found.get("reason", "")),
                    str(found.get("message", "")),
                )
        return Condition()

    @property
    def is_current(self) -> bool:
        """Whether the status speaks of the spec as it is, and of the run that is wanted."""
        seen = int(self.status.get("observedGeneration") or 0)
        return seen >= int(self.json["metadata"].get("generation") or 0)

    @property
    def is_ready(self) -> bool:
        """Whether a shell can be opened."""
        return self.condition("Ready").is_true

    @property
    def is_ended(self) -> bool:
        """Whether its run is over; one that is asked for again is not."""
        return self.condition("Ended").is_true and int(self.status.get("run") or 0) >= self.run

    @property
    def is_running(self) -> bool:
        """Whether it is there or on its way."""
        return not self.is_ended and self.spec.get("state") != _SETTLED

    @property
    def run(self) -> int:
        return int(self.spec.get("run") or 1)

    @property
    def owner(self) -> str:
        """Who asked for it, as far as anybody knows."""
        return str(self.status.get("requestedBy") or "")

    def is_of(self, user: str) -> bool:
        """Whether this person asked for it; not where nothing in the cluster checks that."""
        return bool(user) and self.owner == user

    @property
    def pod(self) -> Pod:
        """Where a shell is opened."""
        namespace = str(self.status.get("podNamespace") or self.namespace)
        return Pod(namespace, str(self.status.get("podName") or self.spec.get("name") or self.name))

    @property
    def claim(self) -> str:
        """The claim of its recordings; empty if nothing is saved."""
        if (self.spec.get("saveToDisk") or {}).get("enabled") is False:
            return ""
        told = (self.status.get("recordings") or {}).get("claimName")
        asked = (self.spec.get("saveToDisk") or {}).get("claimName")
        return str(told or asked or f"{self.name}-recordings")

    @property
    def volume(self) -> str:
        return str((self.status.get("recordings") or {}).get("persistentVolumeName") or "")

    @property
    def sessions(self) -> list[Json]:
        """The last ten of the run, newest first."""
        return list(self.status.get("sessions") or ())

    @property
    def session_count(self) -> int:
        return int(self.status.get("sessionCount") or 0)

    @property
    def expires_at(self) -> float | None:
        """When it ends at the latest, seconds since the epoch; None if nobody has said."""
        return instant(self.status.get("expiresAt"))


def toolbox(thing: Json) -> Toolbox:
    """From an object of the API."""
    metadata: Json = thing["metadata"]
    return Toolbox(
        str(metadata.get("namespace", "")), str(metadata["name"]), str(metadata.get("uid", "")), thing
    )


def instant(text: object) -> float | None:
    """Seconds since the epoch of an instant in a status, None for none or for what is no instant."""
    try:
        return parse_time(str(text)) if text else None
    except ValueError:
        return None


def span(seconds: float) -> str:
    """A duration as people say it, the two largest units: 2d4h, 1h30m, 43m, 12s."""
    whole = max(0, int(seconds))
    if whole >= 86400:
        days, rest = divmod(whole, 86400)
        return f"{days}d{rest // 3600}h" if rest >= 3600 else f"{days}d"
    return format_duration(whole - whole % 60 if whole >= 60 else whole)
