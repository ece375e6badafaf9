"""An operator that is killed at a request of its own choosing by the test, and the one that comes after it.

Both are real processes; the first gets no chance to say or do anything more.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api_client import Json
from api_proxy import Gate, Proxy
from control_plane import ControlPlane
from life_stage import kubeconfig, running_proxy
from lives import PREFIX, Life, a_life
from operator_process import process_of
from processes import wait_for

LOOK_SECONDS = 0.02
QUIET_SECONDS = 0.5
ENDED_AT = f"{PREFIX}ended-at"
END_MARKS = (ENDED_AT, f"{PREFIX}chain", f"{PREFIX}end")
LIVES: dict[str, tuple[Callable[[Life], Json], int]] = {  # no life makes so many requests
    "ended": (Life.live, 44),
    "stopped-deleted": (Life.live_twice, 72),
}


@dataclass(frozen=True)
class Crash:
    """Right before the request of that number, counted from 1, or right after the server has done it."""

    life: str
    number: int
    after: bool

    def __str__(self) -> str:
        return f"{self.life}, {'after' if self.after else 'before'} {self.number}"


def every_crash(life: str) -> list[Crash]:
    _, most = LIVES[life]
    return [Crash(life, number, after) for number in range(1, most + 1) for after in (False, True)]


@dataclass(frozen=True)
class Lived:
    """`killed_at` is the request line; empty if the life had ended without so many requests."""

    outcome: Json
    killed_at: str
    requests: int
    pods_made: int


def live_undisturbed(plane: ControlPlane, folder: Path) -> dict[str, Lived]:
    """Each of the lives."""
    return {name: _live(plane, folder, live) for name, (live, _) in LIVES.items()}


def live_through(plane: ControlPlane, folder: Path, crash: Crash) -> Lived:
    """One life in a namespace of its own, whose operator dies as told."""
    live, most = LIVES[crash.life]
    lived = _live(plane, folder, live, crash)
    assert lived.killed_at or lived.requests <= most, "the sweep does not reach the end of this life"
    return lived


def _live(
    plane: ControlPlane, folder: Path, live: Callable[[Life], Json], crash: Crash | None = None
) -> Lived:
    with running_proxy(plane) as proxy, a_life(plane) as life:
        config = kubeconfig(plane, proxy, folder)
        gate = proxy.stop_at(crash.number, after=crash.after) if crash else None
        with _operators(proxy, gate, config, folder / "operator.log"):
            live(life)
            _wait_quiet(proxy)
            outcome = life.outcome()
        return Lived(outcome, gate.line if gate else "", len(proxy.requests), proxy.made("pods"))


def _wait_quiet(proxy: Proxy) -> None:
    """Whatever the operator still does, too much of it or too late, shall be in the outcome."""
    wait_for(lambda: time.monotonic() - proxy.requests[-1].at > QUIET_SECONDS, "an operator that rests")


@contextmanager
def _operators(proxy: Proxy, gate: Gate | None, config: Path, log: Path) -> Iterator[None]:
    over = threading.Event()
    succession = threading.Thread(target=_succeed, args=(proxy, gate, config, log, over), name="succession")
    succession.start()
    try:
        yield
    finally:
        over.set()
        succession.join()


def _succeed(proxy: Proxy, gate: Gate | None, config: Path, log: Path, over: threading.Event) -> None:
    with process_of(config, log) as first:
        while not (over.wait(LOOK_SECONDS) or (gate is not None and gate.reached.is_set())):
            pass
        if not over.is_set():
            os.kill(first, signal.SIGKILL)
    proxy.open_gate()
    if not over.is_set():
        with process_of(config, log):
            over.wait()


@dataclass(frozen=True)
class Verdict:
    """What a crash has cost; all of it must be 0. Of `different` both sides are to be compared then."""

    recordings_lost: int
    pods_left: int
    duplicates: int
    different: int


UNHARMED = Verdict(0, 0, 0, 0)


def verdict(lived: Lived, undisturbed: Lived) -> Verdict:
    """A pod that went while no operator was there may leave its end unknown; nothing else may differ."""
    outcome, wanted = lived.outcome, undisturbed.outcome
    kept = sum(policy == "Retain" for policy in outcome["policies"])
    more = sum(len(outcome[kind]) - len(wanted[kind]) for kind in ("claims", "ends told"))
    return Verdict(
        recordings_lost=len(wanted["policies"]) - kept,
        pods_left=outcome["pods left"],
        duplicates=lived.pods_made - undisturbed.pods_made + more,
        different=outcome != wanted and _as_known(outcome, wanted) != wanted,
    )


def is_end_unknown(lived: Lived) -> bool:
    """Whether no operator saw how a pod ended: its last words are gone, and the recordings tell the rest."""
    things = [*lived.outcome["claims"], *lived.outcome["volumes"]]
    untold = [text for text in lived.outcome["ends told"] if "(" not in text]
    return bool(untold) or any(thing[ENDED_AT] == "unknown" for thing in things)


def _as_known(outcome: Json, wanted: Json) -> Json:
    """With the true end where it is unknown: of a pod that was deleted, not of one that ended by itself."""
    if wanted["status"]:
        return outcome
    told = {text.partition(" (")[0]: text for text in wanted["ends told"]}
    marks = {
        kind: [
            have | {name: known[name] for name in END_MARKS} if have[ENDED_AT] == "unknown" else have
            for have, known in zip(outcome[kind], wanted[kind], strict=True)
        ]
        for kind in ("claims", "volumes")
    }
    return outcome | marks | {"ends told": [told.get(text, text) for text in outcome["ends told"]]}
