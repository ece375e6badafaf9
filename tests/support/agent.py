"""A real agent as PID 1 of a pid namespace of its own, as a runtime starts it; no cluster needed.

The namespace gives what a pod gives: signals from outside have no sender, orphans come to PID 1, and
when PID 1 ends the kernel ends everything. Shells are opened by processes that enter it, as an exec does.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect

PATIENCE = 15.0
AGENT_ROOT = Path(__file__).parents[2] / "agent"


def wait_for(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Poll until `look` gives something true; AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds:g}s in vain for {what}")


@dataclass
class RunningAgent:
    """An agent under test; `pid` is PID 1's number outside of its namespace."""

    folder: Path
    process: subprocess.Popen[bytes]
    pid: int
    port: int
    environment: dict[str, str]

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"

    @property
    def casts(self) -> list[Path]:
        return sorted(self.recordings.rglob("*.cast"))

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def annotate(self, **values: str) -> None:
        """Change annotations the way the kubelet does it: a new folder, then one renamed link."""
        project(self.folder / "annotations", values)

    def status(self) -> dict[str, Any]:
        """What /status answers now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=5) as answer:
            status: dict[str, Any] = json.load(answer)
            return status

    def command(self, *words: str) -> list[str]:
        """A command line that runs inside, with no parent there, as `kubectl exec` runs it."""
        return ["nsenter", "--target", str(self.pid), "--pid", "--mount", "--", *words]

    def shell_command(self, *arguments: str) -> list[str]:
        return self.command(sys.executable, "-m", "troubleshooter_agent", "shell", *arguments)

    def shell(self, *arguments: str, columns: int = 100, rows: int = 30) -> "pexpect.spawn[bytes]":
        """A recorded session on a real terminal."""
        program, *rest = self.shell_command(*arguments)
        return pexpect.spawn(
            program, rest, env=self.environment, dimensions=(rows, columns), timeout=PATIENCE, maxread=65536
        )

    def run(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """A recorded session on pipes."""
        return subprocess.run(
            self.shell_command(*arguments),
            input=stdin, env=self.environment, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    def terminate(self) -> None:
        """SIGTERM from outside, as the kubelet sends it."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self, seconds: float = PATIENCE) -> int:
        """The exit code of PID 1."""
        return self.process.wait(seconds)

    def last_words(self) -> dict[str, Any]:
        """The termination message."""
        message: dict[str, Any] = json.loads((self.folder / "termination-log").read_bytes())
        return message

    def summaries(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_bytes()) for path in sorted(self.recordings.rglob("*.json"))]


def project(folder: Path, values: dict[str, str]) -> None:
    """Write annotations into `folder` as the kubelet projects them."""
    current = folder / "..data"
    texts = {path.name: path.read_text() for path in current.iterdir()} if current.exists() else {}
    texts |= {name.replace("_", "-"): value for name, value in values.items()}
    version = folder / f"..{time.monotonic_ns()}"
    version.mkdir(parents=True)
    for name, value in texts.items():
        (version / name).write_text(value)
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(Path("..data") / name)
    (folder / "..data_tmp").symlink_to(version.name)
    (folder / "..data_tmp").rename(current)


@contextlib.contextmanager
def running_agent(folder: Path, **annotations: str) -> Iterator[RunningAgent]:
    """An agent that is ready for shells, or, with retained="", one that is not; ended when the block is."""
    agent = start_agent(folder, **annotations)
    try:
        yield agent
    finally:
        agent.process.kill()  # unshare takes PID 1 along, and the kernel all the rest
        agent.process.wait()


def start_agent(folder: Path, **annotations: str) -> RunningAgent:
    """Start an agent and wait until it answers; whoever starts it ends it."""
    for name in ("recordings", "run", "home"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    values = {
        "namespace": "shop",
        "name": "box",
        "pod": "box",
        "pod_uid": "uid-1",
        "recordings_retained": "yes",
    }
    project(folder / "annotations", {**values, **annotations})
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LANG": "C.UTF-8", "TERM": "xterm", "PS1": "$ ",
        "PYTHONPATH": str(AGENT_ROOT), "TROUBLESHOOTER_SOCKET": f"@troubleshooter-test-{port}", "SHELL": "/bin/bash",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-m", "troubleshooter_agent",
             "run", "--recordings", str(folder / "recordings"), "--annotations", str(folder / "annotations"),
             "--run-folder", str(folder / "run"), "--termination-log", str(folder / "termination-log"),
             "--socket", environment["TROUBLESHOOTER_SOCKET"], "--host", "127.0.0.1", "--port", str(port)],
            env=environment, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
    pid = wait_for(lambda: _child(process.pid), f"PID 1 (see {folder / 'log'})")
    agent = RunningAgent(folder, process, pid, port, environment)
    wait_for(lambda: _answers(agent), f"an answer of the agent (see {folder / 'log'})")
    return agent


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _child(pid: int) -> int | None:
    with contextlib.suppress(FileNotFoundError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else None
    return None


def _answers(agent: RunningAgent) -> bool:
    try:
        return bool(agent.status())
    except (OSError, urllib.error.URLError):
        assert agent.process.poll() is None, agent.log
        return False
