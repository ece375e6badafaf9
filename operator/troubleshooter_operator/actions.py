"""What `plan` can ask for and `apply` does: one class for each thing; values only."""

from dataclasses import dataclass

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.claim import Changes
from troubleshooter_operator.kinds import TROUBLESHOOTER, Json, Kind


@dataclass(frozen=True)
class CreateClaim:
    manifest: Json


@dataclass(frozen=True)
class CreatePod:
    """Made only if the resource still has the version that was planned for."""

    manifest: Json
    owner_uid: str
    owner_name: str
    owner_version: str
    owner_namespace: str | None = None  # None: the pod's own
    owner_kind: Kind = TROUBLESHOOTER


@dataclass(frozen=True)
class PatchPod:
    namespace: str
    name: str
    uid: str
    annotations: Changes
    labels: Changes


@dataclass(frozen=True)
class PatchClaim:
    namespace: str
    name: str
    uid: str
    annotations: Changes


@dataclass(frozen=True)
class PatchVolume:
    name: str
    patch: Json


@dataclass(frozen=True)
class DeletePod:
    """Deleted only while it has this uid and, where `version` is given, is as it was planned for."""

    namespace: str
    name: str
    uid: str
    version: str | None = None


@dataclass(frozen=True)
class DeleteTroubleshooter:
    """Deleted only while it is as it was planned for."""

    namespace: str
    name: str
    uid: str
    version: str


@dataclass(frozen=True)
class DeleteReplay:
    """The same of a Replay."""

    namespace: str
    name: str
    uid: str
    version: str


@dataclass(frozen=True)
class PrepareNamespace:
    """A temporary namespace, with the Pod Security of the namespace `home`, and what is to be in it."""

    manifest: Json
    home: str
    furnishings: tuple[Json, ...]


@dataclass(frozen=True)
class BindPeople:
    """Who may open a shell in a temporary namespace, from now on."""

    binding: Json


@dataclass(frozen=True)
class RemoveNamespace:
    """The temporary namespace of the Troubleshooter with this uid, should it still be there."""

    owner_uid: str


@dataclass(frozen=True)
class Announce:
    """An Event that tells why a run ended; its name is made from uid and run, so it is made once."""

    namespace: str
    name: str
    uid: str
    run: int
    reason: EndReason
    message: str
    at: str
    recorded_bytes: int = 0  # counted with it
    kind: Kind = TROUBLESHOOTER


Action = (
    CreateClaim
    | CreatePod
    | PatchPod
    | PatchClaim
    | PatchVolume
    | DeletePod
    | DeleteTroubleshooter
    | DeleteReplay
    | PrepareNamespace
    | BindPeople
    | RemoveNamespace
    | Announce
)
