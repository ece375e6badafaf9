"""How late a toolbox ends, at the end of its life time and after idleness.

From the instant that is due to the end of the session's program, both on CLOCK_BOOTTIME.
"""

import math
import os
import select
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from figures import OURS, Row, at_most
from processes import children_of, wait_for
from window import Window

from agent import RunningAgent, running_agent
from troubleshooter_agent import process

LIMITS: Final = (at_most(1.0), at_most(0.1))
IDLE_SECONDS: Final = 2
TYPED_AT: Final = ("sh", "-c", "echo ready && exec cat")


def measure(folder: Path, program: Sequence[str], *, ends: int, at_a_time: int) -> list[Row]:
    """Half of `ends` by life time, half by idleness."""
    kinds = {"life time": _life_time_lateness, "idle": _idle_lateness}
    rows = []
    with ThreadPoolExecutor(at_a_time) as pool:
        for kind, one in kinds.items():
            folders = [folder / f"{kind[:4]}-{number}" for number in range(ends // 2)]
            late = tuple(pool.map(_with_agent(one, program), folders))
            rows.append(Row(f"lateness of the end, {kind}", f"{OURS}, {len(late)} ends", "s", late, *LIMITS))
    return rows


def _with_agent(
    one: Callable[[RunningAgent, Window], float], program: Sequence[str]
) -> Callable[[Path], float]:
    def run(folder: Path) -> float:
        with running_agent(folder, program=program) as agent:
            window = Window(agent.shell_command("--user=bench", "--", *TYPED_AT), agent.environment)
            try:
                window.read_until(b"ready\r\n")
                return one(agent, window)
            finally:
                window.close()

    return run


def _life_time_lateness(agent: RunningAgent, _: Window) -> float:
    """The deadline is given once the session is open, so that a slow start of many takes nothing from it."""
    started = process.start_of(agent.pid)
    life = math.ceil(process.boot_time() - started) + 3
    agent.annotate(time_to_live=f"{life}s")
    return _end_of_program(agent) - (started + life)


def _idle_lateness(agent: RunningAgent, window: Window) -> float:
    """Keys until the agent has heard of the short time-out; the last one starts the clock."""
    agent.annotate(idle_timeout=f"{IDLE_SECONDS}s")

    def has_heard() -> bool:
        window.press(b"x")
        return bool(agent.status()["idleTimeoutSeconds"] == IDLE_SECONDS)

    wait_for(has_heard, "the new time-out in /status")
    last = process.boot_time()
    window.press(b"x")
    return _end_of_program(agent) - (last + IDLE_SECONDS)


def _end_of_program(agent: RunningAgent) -> float:
    """When it was gone, in seconds of CLOCK_BOOTTIME."""
    (program,) = children_of(agent.recorders()[0])
    pidfd = os.pidfd_open(program)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(60_000), "the session did not end"
    os.close(pidfd)
    return process.boot_time()
