"""A Replay as a value, from the API server's JSON; pure. The CRD holds the bounds."""

from dataclasses import dataclass, replace
from typing import Final

from troubleshooter_operator.asked import Asked, fields
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.run import Run

RUN: Final = 1  # a Replay has one pod in its life


@dataclass(frozen=True)
class Replay(Asked):
    """Exactly one of the three names is there, but in one that is older than the rule."""

    troubleshooter_name: str | None
    wanted_claim: str | None
    wanted_volume: str | None
    run: Run | None  # of its pod, out of status

    @property
    def pod_name(self) -> str:
        return self.name


def replay(found: Json) -> Replay:
    """The resource as the API server has it."""
    spec = found.get("spec") or {}
    return Replay(
        **fields(found),
        troubleshooter_name=spec.get("troubleshooterName"),
        wanted_claim=spec.get("claimName"),
        wanted_volume=spec.get("persistentVolumeName"),
        run=_run(found.get("status") or {}),
    )


def _run(status: Json) -> Run | None:
    """What the status remembers of its pod; None before one was made."""
    if "resolved" not in status:
        return None
    run = Run.from_status({**status, "run": RUN})
    assert run is not None
    return replace(run, claim_name=status.get("claimName"), volume_name=status.get("persistentVolumeName"))
