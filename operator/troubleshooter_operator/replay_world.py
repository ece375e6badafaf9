"""What the plan of a Replay is given; values only. What it gives back is a `Plan`, as that of a toolbox."""

from dataclasses import dataclass, field

from troubleshooter_agent.contract import UNVERIFIED, ExecIdentity
from troubleshooter_operator.endings import Trace
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.replay_source import Shelves


@dataclass(frozen=True)
class ReplayWorld:
    """What there is around one Replay, as objects of the API server; names as in `World` mean the same.

    `holders` are the pods on the claims of its namespace.
    """

    classes: tuple[Json, ...] = ()
    shelves: Shelves = field(default_factory=Shelves)
    pod: Json | None = None
    trace: Trace | None = None
    holders: tuple[Json, ...] = ()
    requested_by: str = UNVERIFIED
    execs: ExecIdentity = ExecIdentity.NONE
    seen_running_at: float | None = None
    told_to_end_at: float | None = None
