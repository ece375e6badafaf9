"""`make bench`: the figures of docs/benchmarks.md, ours beside other recorders', in one run.

The short run of `make bench BENCH=short` proves in seconds that all of it works; its figures mean nothing.
It sends nothing to other machines, and ends what it started.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asciinema3
import debian
import echo
import footprint
import in_cluster
import kills
import lateness
import machine
import page
import peers
import places
import product
import starting
import throughput
from figures import Row
from peers import Peer
from product import Program

from agent import running_agent

PAGE: Final = machine.CHECKOUT / "docs" / "benchmarks.md"


# So that everything is recorded, however long it floods.
UNLIMITED: Final = ("--session-size=64Gi", "--burst=64Gi", "--rate=64Gi")


@dataclass(frozen=True)
class Effort:
    """How much of everything."""

    rounds: int
    megabytes: int
    keys: int
    starts: int
    sessions: int
    idle_seconds: float
    ends: int
    at_a_time: int
    no_cluster: str = ""  # why not


FULL: Final = Effort(5, 100, 1000, 20, 50, 20.0, 100, 5)
SHORT: Final = Effort(1, 2, 20, 2, 2, 0.5, 4, 2, "not in a short run")


def main() -> int:
    """Measure everything, write the page."""
    options = parser().parse_args()
    have_ordinary_signals()
    effort = SHORT if options.short else replace(FULL, no_cluster=why_no_cluster(options))
    words = [word for word in ("short", "no-cluster") if getattr(options, word.replace("-", "_"))]
    command = " ".join(["make bench", *(f"BENCH={word}" for word in words)])
    cache = places.cache()
    rivals = find_peers(cache, install=not options.short)
    program = product.of_host("a short run builds nothing") if options.short else product.find(cache)
    with tempfile.TemporaryDirectory(dir=made(cache / "bench")) as folder:
        facts = machine.facts(rivals, Path(folder), program.python)
        rows = measure(effort, rivals, program, Path(folder), cache)
    text = page.page(rows, facts, command=command, date=time.strftime("%Y-%m-%d"))
    before = options.output.read_text() if options.output.exists() else ""
    options.output.write_text(page.replaced(before, text))
    sys.stdout.write(text)
    return 0


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="tools/bench", description="Measure the agent beside other recorders."
    )
    found.add_argument(
        "--short", action="store_true", help="seconds instead of minutes; the figures mean nothing"
    )
    found.add_argument("--no-cluster", action="store_true", help="leave out what goes through a cluster")
    found.add_argument("--output", type=Path, default=PAGE, help="the page to write (default: %(default)s)")
    return found


def have_ordinary_signals() -> None:
    """Who starts us in the background has us, and all that we start, ignore what a terminal sends."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.default_int_handler)


def find_peers(cache: Path, *, install: bool) -> list[Peer]:
    """With `install` those are fetched or built that are not here."""
    if install:
        debian.install(debian.BENCH, cache / "logs" / "apt.log")
        return peers.find(asciinema3.find(cache))
    kept = asciinema3.program(cache)
    return peers.find(kept if kept.exists() else None)


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def measure(effort: Effort, rivals: list[Peer], program: Program, folder: Path, cache: Path) -> list[Row]:
    """All rows, in the order of the page."""
    rounds, rows = effort.rounds, list[Row]()
    typing = echo.Typing(effort.keys, rounds, folder)
    with running_agent(folder / "agent", program=program.words, options=UNLIMITED) as agent:
        with told("throughput"):
            size = effort.megabytes * 1_000_000
            rows += throughput.measure(agent, rivals, folder, size=size, rounds=rounds)
        with told("through the cluster"):
            rows += measure_cluster(effort, folder, agent.environment)
        with told("echo"):
            rows += echo.measure_quiet(agent, rivals, typing)
            rows += echo.measure_flooded(agent, rivals[0], typing)
        with told("start to prompt"):
            rows += starting.measure_prompt(agent, starts=effort.starts)
    with told("start of PID 1"):
        rows += starting.measure_ready(folder, program.words, starts=effort.starts)
    with told("memory and processor"):
        rows += footprint.measure(
            folder, program.words, sessions=effort.sessions, seconds=effort.idle_seconds, rounds=rounds
        )
    with told("lateness"):
        rows += lateness.measure(folder, program.words, ends=effort.ends, at_a_time=effort.at_a_time)
    return rows + kills.rows(cache)


def measure_cluster(effort: Effort, folder: Path, environment: dict[str, str]) -> list[Row]:
    """What goes through `kubectl exec`, or why not."""
    if effort.no_cluster:
        return in_cluster.missing(effort.no_cluster)
    size = effort.megabytes * 500_000
    return in_cluster.measure(folder, environment, size=size, rounds=effort.rounds, starts=effort.starts)


def why_no_cluster(options: argparse.Namespace) -> str:
    """Empty where one can be had."""
    if options.no_cluster:
        return "left out"
    return "" if os.geteuid() == 0 else "needs root"


@contextmanager
def told(what: str) -> Iterator[None]:
    """Say what is being measured, and how long it took."""
    began = time.monotonic()
    yield
    sys.stderr.write(f"{what}: {time.monotonic() - began:.1f} s\n")


if __name__ == "__main__":
    sys.exit(main())
