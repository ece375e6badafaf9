"""How long a person waits for the prompt, and a toolbox until it can be used."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from figures import OURS, Row, at_most
from kubelet import free_port, in_namespace, prepare, run_command
from processes import child_of, wait_for
from window import Window

from agent import RunningAgent, new_user, stop_agent
from troubleshooter_agent import channel

PROMPT: Final = b"$ "
PROMPT_LIMITS: Final = (at_most(150), at_most(50))
READY_LIMITS: Final = (at_most(300), at_most(150))
PATIENCE: Final = 30.0


def measure_prompt(agent: RunningAgent, *, starts: int) -> list[Row]:
    """A recorded shell and a plain one in turn, each entering the toolbox from outside as an exec does."""
    plain, recorded = [], []
    for _ in range(starts):
        plain.append(to_prompt(agent.command("bash"), agent.environment))
        recorded.append(to_prompt(agent.shell_command(f"--user={new_user()}"), agent.environment))
    added = tuple(shell - bash for shell, bash in zip(recorded, plain, strict=True))
    return [
        Row("start to prompt", "bash", "ms", tuple(plain)),
        Row("start to prompt, added", OURS, "ms", added, *PROMPT_LIMITS),
    ]


def to_prompt(command: list[str], environment: dict[str, str]) -> float:
    """Milliseconds until a shell waits for a command."""
    window = Window(command, environment)
    window.read_until(PROMPT)
    seconds = time.monotonic() - window.began
    window.end_with(b"exit\r")
    return seconds * 1000


def measure_ready(folder: Path, program: Sequence[str], *, starts: int) -> list[Row]:
    """From the start of PID 1 to the first accepted client, and to the first good /readyz."""
    found = [_start(folder / f"start-{number}", program) for number in range(starts)]
    return [
        Row(
            "PID 1: start to the first client let in",
            OURS,
            "ms",
            tuple(door for door, _ in found),
            *READY_LIMITS,
        ),
        Row(
            "PID 1: start to the first good /readyz",
            OURS,
            "ms",
            tuple(ready for _, ready in found),
            *READY_LIMITS,
        ),
    ]


def _start(folder: Path, program: Sequence[str]) -> tuple[float, float]:
    prepare(folder, {})
    port = free_port()
    socket = f"@troubleshooter-bench-{port}"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder / "home"), "TROUBLESHOOTER_SOCKET": socket}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2] / "agent")
    command = [*in_namespace(folder), *run_command(folder, environment, port, program)]
    began = time.monotonic()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log, stdin=subprocess.DEVNULL, cwd="/")
    try:
        door = _first(lambda: _is_let_in(socket), began)
        ready = _first(lambda: _is_ready(port), began)
        return door, ready
    finally:
        pid = wait_for(lambda: child_of(process.pid), "PID 1")
        stop_agent(RunningAgent(folder, process, pid, port, environment))


def _first(look: Callable[[], bool], began: float) -> float:
    while not look():
        assert time.monotonic() < began + PATIENCE, "the agent did not become ready"
        time.sleep(0.001)
    return (time.monotonic() - began) * 1000


def _is_let_in(socket: str) -> bool:
    try:
        channel.connect(socket).close()
    except OSError:
        return False
    return True


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
