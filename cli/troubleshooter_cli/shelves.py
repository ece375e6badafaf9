"""Which claims hold recordings, whose, and which pod can read each right now; pure, from objects of the API.

A claim is named here by its namespace and name, a toolbox by those of its Troubleshooter: with a temporary
namespace, the two namespaces differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from troubleshooter_agent import contract
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.kubectl import Pod
from troubleshooter_cli.recordings import Recording, from_status

ENDED: Final = "Ended"
READY: Final = "Ready"


@dataclass(frozen=True)
class Shelf:
    """A claim with recordings; `owners` are (namespace, name) of Troubleshooters, the latest first."""

    namespace: str
    claim: str
    owners: tuple[tuple[str, str], ...] = ()
    volume: str = ""  # the PersistentVolume, as far as it is known
    since: str = ""  # when the latest run on it started
    chain: str = ""  # of the latest run, once that has ended
    is_there: bool = True  # False: only a status still tells of it

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.claim

    def __str__(self) -> str:
        return f"{self.namespace}/{self.claim}"


@dataclass(frozen=True)
class World:
    """What the API server has of toolboxes, replays and claims, where a command looks."""

    toolboxes: Sequence[Json] = ()
    replays: Sequence[Json] = ()
    claims: Sequence[Json] = ()

    @property
    def shelves(self) -> list[Shelf]:
        """All claims with recordings, the latest used first."""
        found: dict[tuple[str, str], Shelf] = {}
        for shelf in (*map(_of_claim, self.claims), *filter(None, map(_of_toolbox, self.toolboxes))):
            found[shelf.key] = _merged(found[shelf.key], shelf) if shelf.key in found else shelf
        return sorted(found.values(), key=lambda shelf: shelf.since, reverse=True)

    @property
    def names(self) -> set[str]:
        """Of all toolboxes that are there, or were."""
        return {name for shelf in self.shelves for _, name in shelf.owners}

    def of_name(self, name: str) -> list[Shelf]:
        """The shelves with recordings of toolboxes of that name, the latest first."""
        return [shelf for shelf in self.shelves if any(owner == name for _, owner in shelf.owners)]

    def recordings(self) -> Iterator[tuple[Shelf, Recording]]:
        """What the status of each toolbox tells: its last ten sessions."""
        shelves = {shelf.key: shelf for shelf in self.shelves}
        for toolbox in self.toolboxes:
            shelf = _of_toolbox(toolbox)
            if shelf is None:
                continue
            owner, verified = shelf.owners[0], is_verified(toolbox)
            for session in toolbox.get("status", {}).get("sessions") or []:
                found = from_status(*owner, session, verified=verified)
                if found:
                    yield shelves[shelf.key], found

    def reader(self, shelf: Shelf) -> Pod | None:
        """A pod that reads it now: a running toolbox, else a replay."""
        for thing in (*self.toolboxes, *self.replays):
            if place_of(thing) == shelf.key and is_ready(thing):
                return pod_of(thing)
        return None

    def coming(self, shelf: Shelf) -> Json | None:
        """A replay that is being made for it."""
        for replay in self.replays:
            if _promised(replay, shelf) and not is_ended(replay) and not is_ready(replay):
                return replay
        return None


def condition(thing: Json, kind: str) -> dict[str, Any]:
    """A condition by its type; empty where there is none."""
    conditions: list[dict[str, Any]] = thing.get("status", {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == kind), {})


def is_ready(thing: Json) -> bool:
    return condition(thing, READY).get("status") == "True"


def is_ended(thing: Json) -> bool:
    going = thing["metadata"].get("deletionTimestamp") is not None
    return going or condition(thing, ENDED).get("status") == "True"


def pod_of(thing: Json) -> Pod:
    """The pod of a toolbox or a replay."""
    status = thing.get("status", {})
    namespace = status.get("podNamespace") or thing["metadata"]["namespace"]
    return Pod(namespace, status.get("podName") or thing["metadata"]["name"])


def place_of(thing: Json) -> tuple[str, str]:
    """Namespace and name of the claim that a toolbox or a replay has mounted; the name may be empty."""
    status = thing.get("status", {})
    name = status.get("claimName") or status.get("recordings", {}).get("claimName") or ""
    return pod_of(thing).namespace, name


def is_verified(toolbox: Json) -> bool:
    """Whether admission stamped who asked for it; then it sees to the names of its shells too."""
    asked = toolbox.get("status", {}).get("requestedBy") or contract.UNVERIFIED
    return bool(asked != contract.UNVERIFIED)


def marks(thing: Json) -> dict[str, str]:
    """The annotations that claim and volume carry, without their prefix."""
    prefix = f"{contract.GROUP}/"
    found = thing["metadata"].get("annotations") or {}
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}


def _of_claim(claim: Json) -> Shelf:
    told, namespace = marks(claim), claim["metadata"]["namespace"]
    name = told.get("name") or (claim["metadata"].get("labels") or {}).get(contract.LABEL_NAME, "")
    owners = ((told.get("namespace") or namespace, name),) if name else ()
    return Shelf(
        namespace,
        claim["metadata"]["name"],
        owners,
        claim.get("spec", {}).get("volumeName", ""),
        told.get("started-at") or claim["metadata"].get("creationTimestamp", ""),
        told.get("chain", ""),
    )


def _of_toolbox(toolbox: Json) -> Shelf | None:
    """None for one that has no claim."""
    namespace, claim = place_of(toolbox)
    if not claim:
        return None
    recordings = toolbox["status"]["recordings"]
    owner = (toolbox["metadata"]["namespace"], toolbox["metadata"]["name"])
    return Shelf(
        namespace,
        claim,
        (owner,),
        recordings.get("persistentVolumeName") or "",
        toolbox["status"].get("startedAt") or "",
        (recordings.get("chain") or "") if is_ended(toolbox) else "",
        is_there=False,
    )


def _merged(one: Shelf, other: Shelf) -> Shelf:
    """What claim and toolboxes tell of one claim; what the claim itself says stands first."""
    later = other if other.since > one.since else one
    owners = dict.fromkeys((*later.owners, *one.owners, *other.owners))
    return replace(
        one,
        owners=tuple(owners),
        volume=one.volume or other.volume,
        since=later.since,
        chain=later.chain,
        is_there=one.is_there or other.is_there,
    )


def _promised(replay: Json, shelf: Shelf) -> bool:
    if replay["metadata"]["namespace"] != shelf.namespace:
        return False
    spec = replay.get("spec", {})
    if spec.get("claimName"):
        return bool(spec["claimName"] == shelf.claim)
    return (shelf.namespace, spec.get("troubleshooterName")) in shelf.owners
