"""When an ended Troubleshooter goes: its class's keepEnded after the end; pure.

Only the resource goes. Claim and volume tell by then all that it told, and nothing is taken from them. One
that an applier manages stays, because it would come back and start again.
"""

from dataclasses import dataclass

from troubleshooter_agent.contract import parse_duration, parse_time
from troubleshooter_operator.actions import Action, DeleteTroubleshooter
from troubleshooter_operator.errors import RefusedError
from troubleshooter_operator.kinds import owner_uid
from troubleshooter_operator.resolve import find_class
from troubleshooter_operator.resources import Troubleshooter
from troubleshooter_operator.run import Run
from troubleshooter_operator.world import World


@dataclass(frozen=True)
class Retirement:
    """`look_again`: the instant at which it goes; None if it has come, or never will."""

    actions: tuple[Action, ...] = ()
    look_again: float | None = None


def retirement(asked: Troubleshooter, run: Run, world: World, now: float) -> Retirement:
    """For a run that is over, with its pod gone and nothing left to write."""
    there = world.pod is not None and owner_uid(world.pod) == asked.uid
    if asked.deleting or asked.applied or run.ended_at is None or there:
        return Retirement()
    try:
        offer = find_class(run.resolved.class_name if run.resolved else asked.class_name, world.classes)
    except RefusedError:  # nobody says how long
        return Retirement()
    due = parse_time(run.ended_at) + parse_duration(offer.keep_ended)
    if now < due:
        return Retirement(look_again=due)
    return Retirement((DeleteTroubleshooter(asked.namespace, asked.name, asked.uid, asked.resource_version),))
