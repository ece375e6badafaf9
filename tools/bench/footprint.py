"""What an agent costs while nothing happens: memory and processor time of all its processes."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from figures import OURS, Row, at_most
from processes import children_of, name_of, wait_for
from window import Window

from agent import RunningAgent, new_user, running_agent

MEMORY_LIMITS: Final = {1: (at_most(40), at_most(25)), 50: (at_most(150), at_most(80))}
CPU_LIMITS: Final = (at_most(1.0), at_most(0.2))


def measure(folder: Path, program: Sequence[str], *, sessions: int, seconds: float, rounds: int) -> list[Row]:
    """With one idle session, then with `sessions`, for `seconds`; in an agent of its own each round."""
    found = [
        _one_round(folder / f"idle-{number}", program, sessions=sessions, seconds=seconds)
        for number in range(rounds)
    ]
    one, many, clients, cpu = (tuple(figures) for figures in zip(*found, strict=True))
    who = f"{OURS}, {sessions} idle sessions"
    return [
        Row("memory (Pss)", f"{OURS}, 1 idle session", "MB", one, *MEMORY_LIMITS[1]),
        Row("memory (Pss)", who, "MB", many, *MEMORY_LIMITS[50]),
        Row("memory (Pss) of the clients `shell`", who, "MB", clients),
        Row("processor", who, "% of a core", cpu, *CPU_LIMITS),
    ]


def _one_round(
    folder: Path, program: Sequence[str], *, sessions: int, seconds: float
) -> tuple[float, float, float, float]:
    with running_agent(folder, program=program) as agent, ExitStack() as stack:
        _open(agent, stack)
        _let_settle(agent)
        one = pss(processes(agent))
        clients = [_open(agent, stack) for _ in range(sessions - 1)]
        _let_settle(agent)
        cpu = _cpu_percent(agent, seconds)
        many = pss(processes(agent))
        return one, many, pss([child for window in clients for child in children_of(window.pid)]), cpu


def _open(agent: RunningAgent, stack: ExitStack) -> Window:
    window = Window(agent.shell_command(f"--user={new_user()}"), agent.environment)
    stack.callback(window.close)
    window.read_until(b"$ ")
    return window


def _let_settle(agent: RunningAgent) -> None:
    """What a start sets off is over: every recorder has told PID 1 of itself, and that the reporter."""
    count = len(agent.recorders())
    wait_for(lambda: agent.status()["sessionsActive"] == count, "all sessions in /status")
    time.sleep(2.0)


def processes(agent: RunningAgent) -> list[int]:
    """PID 1, the reporter and the recorders; the recorded programs are below these."""
    return [agent.pid, *(child for child in children_of(agent.pid) if name_of(child).startswith("tshoot"))]


def pss(pids: Sequence[int]) -> float:
    """The proportional set size of processes together, in MB; what they share is counted once."""
    kilobytes = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        (line,) = (line for line in rollup if line.startswith("Pss:"))
        kilobytes += int(line.split()[1])
    return kilobytes * 1024 / 1e6


def _cpu_percent(agent: RunningAgent, seconds: float) -> float:
    pids = processes(agent)
    before, began = _cpu_seconds(pids), time.monotonic()
    time.sleep(seconds)
    return (_cpu_seconds(pids) - before) / (time.monotonic() - began) * 100


def _cpu_seconds(pids: Sequence[int]) -> float:
    """On a processor, by the scheduler's nanoseconds: ticks of 10 ms would miss short turns."""
    return (
        sum(
            int(task.read_text().split()[0])
            for pid in pids
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat")
        )
        / 1e9
    )
