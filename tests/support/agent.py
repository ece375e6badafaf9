"""A real agent as PID 1 of a pid namespace of its own, as a runtime starts it; no cluster needed.

The namespace gives what a pod gives: signals from outside have no sender, orphans come to PID 1, and
when PID 1 ends the kernel ends everything. Shells are opened by processes that enter it, as an exec does.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casts import Cast
from kubelet import AGENT, AGENT_ROOT, free_port, in_namespace, prepare, project, run_command
from processes import PATIENCE, child_of, children_of, is_running, name_of, state_of, wait_for
from recorded import PUPPET, Puppet, Shell


@dataclass
class RunningAgent:
    """An agent under test; `pid` is PID 1's number outside of its namespace."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    pid: int
    port: int
    environment: dict[str, str]
    user: Sequence[str] = field(default=())
    program: Sequence[str] = AGENT

    @property
    def recordings(self) -> Path:
        """The volume, as the agent sees it; only while it lives if it has one of its own."""
        inside = Path(f"/proc/{self.pid}/root{self.folder}/recordings")
        return inside if inside.exists() else self.folder / "recordings"

    @property
    def casts(self) -> list[Path]:
        return sorted(self.recordings.rglob("*.cast"))

    def cast(self, user: str = "") -> Cast:
        """The only recording of a user, or the only one at all; a torn line cannot be read."""
        return Cast.read(self.path(user))

    def path(self, user: str = "") -> Path:
        """Where that recording is."""
        (path,) = [cast for cast in self.casts if user in {"", user_of(cast)}]
        return path

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def logged(self, event: str) -> list[str]:
        """The lines of the log about an event."""
        return [line for line in self.log.splitlines() if f" event={event}" in line]

    def annotate(self, **values: str) -> None:
        """Change annotations the way the kubelet does it: a new folder, then one renamed link."""
        project(self.folder / "annotations", values)

    def status(self) -> dict[str, Any]:
        """What /status answers now."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=5) as answer:
            status: dict[str, Any] = json.load(answer)
            return status

    def wait_until_closed(self, sessions: int) -> dict[str, Any]:
        """The status once so many sessions have been opened and none is open any more."""

        def look() -> dict[str, Any] | None:
            status = self.status()
            closed = status["sessionCount"] == sessions and status["sessionsActive"] == 0
            return status if closed else None

        status: dict[str, Any] = wait_for(look, f"the end of {sessions} sessions")
        return status

    def command(self, *words: str) -> list[str]:
        """A command line that runs inside, with no parent there, as `kubectl exec` runs it."""
        return ["nsenter", "--target", str(self.pid), "--pid", "--mount", "--", *self.user, *words]

    def shell_command(self, *arguments: str) -> list[str]:
        return self.command(*self.program, "shell", *arguments)

    def shell(self, *arguments: str, cols: int = 100, rows: int = 30, **variables: str) -> Shell:
        """A recorded session on a real terminal; `variables` are further ones of its environment."""
        command = self.shell_command(*arguments)
        environment = {**self.environment, **variables}
        return Shell(command, cols=cols, rows=rows, env=environment, timeout=PATIENCE)

    def bash(self, *arguments: str, cols: int = 100, rows: int = 30) -> Shell:
        """A recorded bash that waits at its first prompt: just before that it would miss a hang-up.

        Without --user it is somebody new, who is not asked about sessions that others have left open.
        """
        user = () if any(word.startswith("--user=") for word in arguments) else (f"--user={new_user()}",)
        shell = self.shell(*user, *arguments, cols=cols, rows=rows)
        shell.prompt()
        (bash,) = wait_for(lambda: children_of(self.recorders()[-1]), "the program")
        wait_for(lambda: state_of(bash) == "S", "its wait for a key")
        return shell

    def puppet(self, *options: str) -> "Puppet":
        """A recorded program on a terminal that does what it is told to."""
        report = self.folder / f"report-{time.monotonic_ns()}"
        shell = self.shell(*options, "--", sys.executable, str(PUPPET), str(report))
        shell.expect("ready\n")
        return Puppet(shell, report)

    def open(self, *arguments: str, **streams: Any) -> "subprocess.Popen[bytes]":
        """A recorded session on pipes that goes on."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            self.shell_command(*arguments), **{"env": self.environment, **pipes, **streams}
        )

    def run(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """A recorded session on pipes, to its end."""
        return subprocess.run(
            self.shell_command(*arguments),
            input=stdin, env=self.environment, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    def inside(self, *words: str) -> str:
        """What a command prints that runs inside unrecorded."""
        result = subprocess.run(self.command(*words), capture_output=True, timeout=60, check=True)
        return result.stdout.decode()

    def processes(self) -> dict[str, list[str]]:
        """The states of all processes inside by their name, that of `ps` left out."""
        found: dict[str, list[str]] = {}
        for line in self.inside("ps", "-e", "-o", "stat=,comm=").splitlines():
            state, name = line.split(maxsplit=1)
            if name != "ps":
                found.setdefault(name, []).append(state)
        return found

    def recorders(self) -> list[int]:
        """The numbers of all recorders outside of the namespace, the oldest first."""
        return self.named("tshoot-recorder")

    def named(self, name: str) -> list[int]:
        """Children of PID 1 with such a name."""
        return sorted(child for child in children_of(self.pid) if name_of(child) == name)

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


@contextlib.contextmanager
def running_agent(
    folder: Path,
    *,
    volume: str = "",
    user: Sequence[str] = (),
    program: Sequence[str] = AGENT,
    main: Sequence[str] = (),
    options: Sequence[str] = (),
    stdout: int | None = None,
    **annotations: str,
) -> Iterator[RunningAgent]:
    """An agent that is ready for shells, or, with recordings_retained="", one that is not.

    `volume` is the size of a tmpfs of its own for the recordings, `user` what makes it another
    user, `program` the command line of the agent up to its arguments, `main` that of PID 1 alone if
    it is another, `options` further ones of its command line, `stdout` its log. It is ended when
    the block is.
    """
    agent = start_agent(
        folder,
        volume=volume,
        user=user,
        program=program,
        main=main,
        options=options,
        stdout=stdout,
        **annotations,
    )
    try:
        yield agent
    finally:
        stop_agent(agent)


def stop_agent(agent: RunningAgent) -> None:
    """End an agent and all in its namespace."""
    if agent.pid and agent.process.poll() is None:
        # A change of user makes the kernel forget that PID 1 is to end with unshare.
        with contextlib.suppress(ProcessLookupError):
            os.kill(agent.pid, signal.SIGKILL)
    agent.process.kill()
    agent.process.wait()
    wait_for(lambda: not is_running(agent.pid), "the end of the namespace")


def start_agent(
    folder: Path,
    *,
    volume: str = "",
    user: Sequence[str] = (),
    program: Sequence[str] = AGENT,
    main: Sequence[str] = (),
    options: Sequence[str] = (),
    stdout: int | None = None,
    **annotations: str,
) -> RunningAgent:
    """Start an agent and wait until it answers; whoever starts it ends it."""
    prepare(folder, annotations)
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "SHELL": "/bin/bash",
        "PYTHONPATH": str(AGENT_ROOT),
        "TROUBLESHOOTER_SOCKET": f"@troubleshooter-test-{port}",
    }
    command = run_command(folder, environment, port, main or program, options)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*in_namespace(folder, volume), *user, *command],
            env=environment, stdout=stdout, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
    agent = RunningAgent(folder, process, 0, port, environment, user, program)
    try:
        agent.pid = wait_for(lambda: child_of(process.pid), f"PID 1 (see {folder / 'log'})")
        wait_for(lambda: _answers(agent), f"an answer of the agent (see {folder / 'log'})")
    except BaseException:
        stop_agent(agent)
        raise
    return agent


def new_user() -> str:
    """A name that nobody has had."""
    return f"somebody-{secrets.token_hex(4)}"


def user_of(cast: Path) -> str:
    """Whose recording it is, by its header."""
    with cast.open() as lines:
        return str(json.loads(lines.readline())["troubleshooter"]["user"])


def _answers(agent: RunningAgent) -> bool:
    try:
        return bool(agent.status())
    except (OSError, urllib.error.URLError):
        assert agent.process.poll() is None, agent.log
        return False
