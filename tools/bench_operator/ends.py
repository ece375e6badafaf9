"""All toolboxes past their end while no agent answers: how late the operator, the second clock, is."""

import math
import time
from datetime import datetime
from typing import Final

import testbed
from audit import Request
from figures import Row, at_most
from operator_process import USER
from testbed import Json, Testbed, wait

AFTER_AGENT_SECONDS: Final = 5.0  # the operator's instant is so long after the agent's
SHORTEST_SECONDS: Final = 60


def measure(bed: Testbed, count: int, margin: float) -> list[Row]:
    """Every one gets a life that ends soon while no operator runs; `margin`: seconds to take that up."""
    begun = {str(each["metadata"]["name"]): started(each) for each in bed.items(testbed.TROUBLESHOOTERS)}
    life = max(SHORTEST_SECONDS, math.ceil(time.time() - min(begun.values()) + margin))
    bed.each(lambda name: shorten(bed, name, life), begun)
    since = time.time()
    with bed.operator():
        wait(lambda: is_taken_up(bed, life), every=1, what="the new life of every one")
        taken_up = last_write(bed, since) - since
        bed.agents.end()
        wait(lambda: len(ends(bed)) == count and not pods(bed), every=2, what=f"{count} ends")
    due = {name: instant + life + AFTER_AGENT_SECONDS for name, instant in begun.items()}
    return [
        Row(
            f"restart with {count:,} running, each changed meanwhile: until all of it is done",
            "",
            "s",
            (taken_up,),
        ),
        *lateness(bed, due),
    ]


def shorten(bed: Testbed, name: str, life: int) -> None:
    bed.api.patch(f"{testbed.TROUBLESHOOTERS}/{name}", {"spec": {"timeToLive": f"{life}s"}})


def is_taken_up(bed: Testbed, life: int) -> bool:
    return all(
        each["status"]["resolved"]["timeToLive"] == f"{life}s" for each in bed.items(testbed.TROUBLESHOOTERS)
    )


def last_write(bed: Testbed, since: float) -> float:
    writes = bed.audit.of(
        USER, lambda each: each.resource == "troubleshooters/status" and each.received > since
    )
    return max(each.answered for each in writes)


def lateness(bed: Testbed, due: dict[str, float]) -> list[Row]:
    told = {each.name: each for each in reversed(ends(bed))}
    gone = {each.name: each for each in reversed(bed.audit.of(USER, is_deletion))}
    late = [told[name].answered - instant for name, instant in due.items()]
    deleted = [gone[name].answered - instant for name, instant in due.items()]
    spread = max(due.values()) - min(due.values())
    what = f"{len(due):,} past their end, agents dead"
    return [
        Row(f"{what}: from the first end to the last", "", "s", (spread,)),
        Row(
            f"{what}: worst lateness of the operator's decision",
            "",
            "s",
            (max(late),),
            at_most(5),
            at_most(1),
        ),
        Row(f"{what}: lateness of the decision, p50", "", "s", tuple(late)),
        Row(
            f"{what}: worst lateness of the pod's deletion, 3 s of grace for the agent included",
            "",
            "s",
            (max(deleted),),
        ),
    ]


def ends(bed: Testbed) -> list[Request]:
    return bed.audit.of(USER, lambda each: each.ends and each.code == 200)


def is_deletion(each: Request) -> bool:
    return each.verb == "delete" and each.resource == "pods"


def pods(bed: Testbed) -> list[Json]:
    return bed.items(testbed.PODS)


def started(found: Json) -> float:
    return datetime.fromisoformat(found["status"]["startedAt"]).timestamp()
