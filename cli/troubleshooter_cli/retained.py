"""What a claim or a volume tells of the recordings on it: whose, how old, how large; pure."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from troubleshooter_agent.contract import parse_time
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.shelves import marks

TITLES: Final = (
    "VOLUME",
    "STATUS",
    "POLICY",
    "TOOLBOX",
    "REQUESTED BY",
    "ENDED",
    "AGE",
    "SIZE",
    "CLAIM",
    "PURPOSE",
)
DAY: Final = 86400


@dataclass(frozen=True)
class Kept:
    """Empty: not known. `ended_at` may be the word `unknown`; `size` is the volume's, not what is in use."""

    volume: str
    status: str
    policy: str
    namespace: str
    name: str
    requested_by: str
    started_at: str
    ended_at: str
    created_at: str
    size: str
    claim_namespace: str
    claim: str
    purpose: str

    @property
    def since(self) -> str:
        """The end of the latest run, or its start, or when the volume was made."""
        return next(
            (text for text in (self.ended_at, self.started_at) if text[:1].isdecimal()), self.created_at
        )

    def row(self, now: float) -> tuple[str, ...]:
        """The cells under TITLES, at `now` in seconds since the epoch."""
        return (
            self.volume,
            self.status,
            self.policy,
            f"{self.namespace}/{self.name}" if self.name else "",
            self.requested_by,
            self.ended_at or ("running?" if self.started_at else ""),
            age(self.since, now),
            self.size,
            f"{self.claim_namespace}/{self.claim}" if self.claim else "",
            self.purpose,
        )

    @property
    def json(self) -> dict[str, Any]:
        names = {
            "requested_by": "requestedBy", "started_at": "startedAt", "ended_at": "endedAt",
            "created_at": "createdAt", "claim_namespace": "claimNamespace",
        }  # fmt: skip
        return {names.get(name, name): value or None for name, value in asdict(self).items()}


def of_volume(volume: Json) -> Kept:
    spec = volume["spec"]
    reference = spec.get("claimRef") or {}
    return _kept(
        volume,
        volume=volume["metadata"]["name"],
        policy=spec.get("persistentVolumeReclaimPolicy", ""),
        size=spec.get("capacity", {}).get("storage", ""),
        claim_namespace=reference.get("namespace", ""),
        claim=reference.get("name", ""),
    )


def of_claim(claim: Json) -> Kept:
    status, spec = claim.get("status", {}), claim.get("spec", {})
    wanted = spec.get("resources", {}).get("requests", {}).get("storage", "")
    return _kept(
        claim,
        volume=spec.get("volumeName", ""),
        policy="",
        size=status.get("capacity", {}).get("storage", wanted),
        claim_namespace=claim["metadata"]["namespace"],
        claim=claim["metadata"]["name"],
    )


def age(since: str, now: float) -> str:
    """Days and hours since an instant, as kubectl writes ages: 3d, 5h, 12m."""
    try:
        seconds = max(0, int(now - parse_time(since)))
    except ValueError:
        return ""
    for unit, letter in ((DAY, "d"), (3600, "h"), (60, "m")):
        if seconds >= unit:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"


def _kept(thing: Json, **known: str) -> Kept:
    told = marks(thing)
    return Kept(
        status=thing.get("status", {}).get("phase", ""),
        namespace=told.get("namespace", ""),
        name=told.get("name", ""),
        requested_by=told.get("requested-by", ""),
        started_at=told.get("started-at", ""),
        ended_at=told.get("ended-at", ""),
        created_at=thing["metadata"].get("creationTimestamp", ""),
        purpose=told.get("purpose", ""),
        **known,
    )
