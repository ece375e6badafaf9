"""Many toolboxes at once: until their pods are there, while nobody types, after a restart."""

import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import testbed
from audit import Request
from cost import processor_seconds, pss_megabytes
from figures import Limit, Row, at_most
from one_life import is_open
from operator_process import USER
from testbed import PORT, Testbed, wait

MANY: Final = 1000
SPEC: Final = {"purpose": "bench", "timeToLive": "2h"}


@dataclass(frozen=True)
class Crowd:
    """`quiet` times `minute` seconds are watched, once all have `settled` seconds behind them."""

    count: int
    quiet: int
    minute: float
    settled: float

    @property
    def names(self) -> list[str]:
        return [f"crowd-{number}" for number in range(self.count)]


def measure(bed: Testbed, crowd: Crowd) -> list[Row]:
    """The crowd from its creation to a restart of the operator; it still runs afterwards."""
    with bed.operator() as process:
        rows = [created(bed, crowd)]
        wait_open(bed, crowd.count)
        time.sleep(crowd.settled)
        rows += quiet(bed, crowd, process)
        rows.append(memory(crowd.count, process, at_most(150), at_most(100)))
    return [*rows, restarted(bed, crowd.count)]


def measure_memory(bed: Testbed, crowd: Crowd) -> list[Row]:
    """Of an operator that made them all, and of one that found them."""
    with bed.operator() as process:
        rows = [created(bed, crowd)]
        wait_open(bed, crowd.count)
        time.sleep(crowd.settled)
        rows += quiet(bed, crowd, process)
        rows.append(memory(crowd.count, process, at_most(400), at_most(250)))
    with bed.operator() as process:
        wait(lambda: reconciled() >= crowd.count, every=1, what="a look at each")
        time.sleep(crowd.settled)
        return [*rows, memory(crowd.count, process, at_most(400), at_most(250), "after a restart")]


def created(bed: Testbed, crowd: Crowd) -> Row:
    """From the first request to the answer that made the last pod, by the API server's clock."""
    bed.create(crowd.names, SPEC)
    wait(lambda: len(pods_made(bed)) == crowd.count, every=1, what=f"{crowd.count} pods")
    asked = [each.received for each in bed.audit.read() if made(each, "troubleshooters")]
    limits = (at_most(120), at_most(40)) if crowd.count <= MANY else (None, None)
    figure = f"{crowd.count:,} Troubleshooters created at once: all pods created within"
    return Row(figure, "", "s", (max(pods_made(bed)) - min(asked),), *limits)


def pods_made(bed: Testbed) -> list[float]:
    return [each.answered for each in bed.audit.read() if made(each, "pods")]


def made(each: Request, resource: str) -> bool:
    return each.verb == "create" and each.resource == resource and each.code == 201


def wait_open(bed: Testbed, count: int) -> None:
    """Until a shell can be opened in every one, and the status tells of the session that there is."""
    every = 2 + count / 500  # a list of thousands is work
    what = f"{count} shells"
    wait(lambda: sum(map(is_open, bed.items(testbed.TROUBLESHOOTERS))) == count, every=every, what=what)


def quiet(bed: Testbed, crowd: Crowd, process: int) -> list[Row]:
    """Requests and processor while nobody types."""
    asked, used = [], []
    for _ in range(crowd.quiet):
        begun, before = time.time(), processor_seconds(process)
        time.sleep(crowd.minute)
        ended = time.time()
        used.append((processor_seconds(process) - before) / (ended - begun) * 100)
        asked.append(float(len(bed.audit.of(USER, within(begun, ended)))))
    limits = (at_most(120), at_most(30)) if crowd.count <= MANY else (None, None)
    running = f"with {crowd.count:,} running in which nobody types"
    return [
        Row(f"API requests a minute {running}", "", "requests", tuple(asked), *limits),
        Row(f"processor {running}", "", "% of a core", tuple(used)),
    ]


def within(begun: float, ended: float) -> Callable[[Request], bool]:
    return lambda each: begun <= each.received < ended


def memory(count: int, process: int, must: Limit, aim: Limit, when: str = "") -> Row:
    figure = ", ".join([f"memory (Pss) of the operator with {count:,} running", *([when] if when else [])])
    return Row(figure, "", "MB", (pss_megabytes(process),), must, aim)


def restarted(bed: Testbed, count: int) -> Row:
    """From the start of the process; by the operator's own count, since nothing is left to be done."""
    begun = time.monotonic()
    with bed.operator():
        wait(lambda: reconciled() >= count, every=0.2, what="a look at each")
        seconds = time.monotonic() - begun
    figure = f"restart with {count:,} running: until every one is reconciled"
    return Row(figure, "", "s", (seconds,), at_most(60), at_most(15))


def reconciled() -> float:
    """How often the operator that runs has looked at a Troubleshooter with success; 0 before it answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0
    wanted = 'troubleshooter_operator_reconciles_total{outcome="success"} '
    return sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))
