"""`make bench-operator`: how fast the operator is, and what it asks of the API server and of memory.

The short run of `make bench-operator BENCH=short` proves in minutes that all of it works; its figures mean
nothing. Everything happens in a network of its own, and ends with it.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import binaries
import crowd
import debian
import ends
import lifecycle
import machine
import one_life
import operator_page
import places
from crowd import Crowd
from figures import Row
from harness import CHECKOUT
from testbed import isolated, running_testbed

PAGE: Final = CHECKOUT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Effort:
    """How much of everything; `margin`: seconds that a restarted operator has before the first end."""

    lives: int
    singles: int
    many: Crowd
    thousands: Crowd
    margin: float


FULL: Final = Effort(
    lives=5,
    singles=100,
    many=Crowd(1000, quiet=3, minute=60.0, settled=30.0),
    thousands=Crowd(5000, quiet=1, minute=60.0, settled=30.0),
    margin=90.0,
)
SHORT: Final = Effort(
    lives=1,
    singles=3,
    many=Crowd(20, quiet=1, minute=5.0, settled=1.0),
    thousands=Crowd(40, quiet=1, minute=1.0, settled=1.0),
    margin=15.0,
)


def main() -> int:
    """Build what is needed while there is a network; measure where there is none; write the page."""
    options = parser().parse_args()
    programs = built(places.cache())
    if not options.isolated:
        os.execvp("unshare", isolated([sys.executable, *sys.argv, "--isolated"]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # else what was started would go on
    command = "make bench-operator" + (" BENCH=short" if options.short else "")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        facts = machine.host(Path(folder), "operator") | {"operator's Python": platform.python_version()}
        for part in measure(SHORT if options.short else FULL, Path(folder), programs):
            rows += part
            date, load = time.strftime("%Y-%m-%d"), {"load after the run": f"{os.getloadavg()[0]:.2f}"}
            write(options.output, operator_page.part(rows, facts | load, command=command, date=date))
    sys.stdout.write(options.output.read_text())
    return 0


def write(page: Path, ours: str) -> None:
    """After each part, so that what was measured is not lost with what was not."""
    before = page.read_text() if page.exists() else ""
    page.write_text(operator_page.replaced(before, ours))


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="tools/bench_operator", description="Measure the operator.")
    found.add_argument("--short", action="store_true", help="only try it; the figures mean nothing")
    found.add_argument(
        "--output", type=Path, default=PAGE, help="the page whose part to write (default: %(default)s)"
    )
    found.add_argument("--isolated", action="store_true", help=argparse.SUPPRESS)
    return found


def built(cache: Path) -> Mapping[str, Path]:
    """The programs of the test cluster, and kwok."""
    debian.install(("openssl",), cache / "logs" / "apt.log")
    with lifecycle.cache_lock(cache):
        binaries.build(cache)
        return {**binaries.programs(cache), "kwok": binaries.optional_program(cache, "kwok")}


def measure(effort: Effort, folder: Path, programs: Mapping[str, Path]) -> Iterator[list[Row]]:
    """The rows, in the order of the page; each part on a cluster of its own."""
    many, thousands = effort.many.count, effort.thousands.count
    with told("one toolbox"), running_testbed(folder / "one", programs) as bed:
        yield one_life.measure(bed, lives=effort.lives, singles=effort.singles)
    with told(f"{many:,} at once"), running_testbed(folder / "many", programs) as bed:
        yield crowd.measure(bed, effort.many)
        yield ends.measure(bed, many, effort.margin)
    with told(f"{thousands:,} at once"), running_testbed(folder / "thousands", programs) as bed:
        yield crowd.measure_memory(bed, effort.thousands)


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is being measured, and how long it took."""
    began = time.monotonic()
    yield
    sys.stderr.write(f"{what}: {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    sys.exit(main())
