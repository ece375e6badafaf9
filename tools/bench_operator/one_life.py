"""What one toolbox costs from its creation to its end: time to its pod, and requests to the API server."""

import time
from collections.abc import Sequence
from typing import Final

import testbed
from audit import Request
from figures import Row, at_most, percentile
from kubectl import condition, wait_until
from operator_process import USER
from resource_objects import FAREWELL, finished
from testbed import Json, Testbed

LIFE_SECONDS: Final = 60.0
SETTLED_SECONDS: Final = 3.0


def measure(bed: Testbed, *, lives: int, singles: int) -> list[Row]:
    """On an idle cluster, one after another; the first of both is not counted: it finds cold caches."""
    with bed.operator():
        counts = [len(requests_of_life(bed, f"life-{number}")) for number in range(lives + 1)][1:]
        waits = [milliseconds_to_pod(bed, f"single-{number}") for number in range(singles + 1)][1:]
    p99 = (percentile(waits, 99),)
    return [
        Row("created to Pod created, idle cluster, p50", "", "ms", tuple(waits), at_most(150), at_most(50)),
        Row("created to Pod created, idle cluster, p99", "", "ms", p99, at_most(1000), at_most(200)),
        Row(
            "API requests for one whole life",
            "",
            "requests",
            tuple(map(float, counts)),
            at_most(25),
            at_most(15),
        ),
    ]


def requests_of_life(bed: Testbed, name: str) -> list[Request]:
    """All but what follows everything: there is no other toolbox at that time."""
    begun = time.time()
    bed.create([name], {"purpose": "bench"})
    wait_until(lambda: is_open(look(bed, name)), timeout=LIFE_SECONDS, what=f"a shell in {name}")
    end(bed, name)
    wait_until(lambda: is_over(bed, name), timeout=LIFE_SECONDS, what=f"the end of {name}")
    time.sleep(SETTLED_SECONDS)
    return bed.audit.of(USER, lambda each: each.received >= begun and not each.follows)


def end(bed: Testbed, name: str) -> None:
    """The agent ends by itself, with its last words."""
    place = f"{testbed.PODS}/{name}"
    (container,) = bed.api.call("GET", place)["status"]["containerStatuses"]
    status = finished(message=FAREWELL)
    status["containerStatuses"][0] |= {each: container[each] for each in ("image", "imageID")}
    bed.api.patch(f"{place}/status", {"status": status})


def milliseconds_to_pod(bed: Testbed, name: str) -> float:
    """By the API server's clock: from the request that makes the one to the answer that made the other."""
    bed.create([name], {"purpose": "bench"})
    wait_until(lambda: is_open(look(bed, name)), timeout=LIFE_SECONDS, what=f"a shell in {name}")
    return (made(bed.audit.read(), "pods", name) - asked(bed.audit.read(), name)) * 1000


def asked(requests: Sequence[Request], name: str) -> float:
    return next(
        each.received for each in requests if each.resource == "troubleshooters" and is_made(each, name)
    )


def made(requests: Sequence[Request], resource: str, name: str) -> float:
    return next(each.answered for each in requests if each.resource == resource and is_made(each, name))


def is_made(each: Request, name: str) -> bool:
    return each.verb == "create" and each.name == name and each.code == 201


def look(bed: Testbed, name: str) -> Json:
    return bed.api.call("GET", f"{testbed.TROUBLESHOOTERS}/{name}")


def is_open(found: Json) -> bool:
    """With its session told, so that nothing is left to be written."""
    available = condition(found, "Ready").get("reason") == "ShellAvailable"
    return available and found["status"].get("sessionCount") == 1


def is_over(bed: Testbed, name: str) -> bool:
    """With all that is told of it on the volume, which comes last."""
    if condition(look(bed, name), "Ended").get("reason") != "IdleTimeout":
        return False
    things = (f"{testbed.CLAIMS}/{name}-recordings", f"{testbed.VOLUMES}/pv-{name}")
    notes = [bed.api.call("GET", thing)["metadata"].get("annotations") or {} for thing in things]
    told = all("troubleshooter.sh/ended-at" in each for each in notes)
    return told and bed.api.get(f"{testbed.PODS}/{name}") is None
