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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casts import Cast
from terminal import Terminal

PATIENCE = 20.0
AGENT_ROOT = Path(__file__).parents[2] / "agent"
PUPPET = Path(__file__).with_name("puppet.py")
# Prompt and terminal of the shells: nothing that differs between machines.
BASHRC = "PS1='$ '\nbind 'set enable-bracketed-paste off'\nunset HISTFILE\n"
# Any uid in a pod has to read Python and the agent, wherever a developer keeps them.
AS_TOOLBOX_USER = (
    "setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search", "--bounding-set=-all,+dac_read_search", "--",
)  # fmt: skip


def wait_for(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Poll until `look` gives something true; AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds:g}s in vain for {what}")


class Shell(Terminal):
    """A recorded session on a real terminal; `pid` is that of nsenter, which waits for the client."""

    @property
    def client(self) -> int:
        """The client's number outside of the namespace."""
        client: int = wait_for(lambda: child_of(self.pid), "the client")
        return client

    @property
    def master(self) -> int:
        """The person's side of the terminal, for what needs neither patterns nor patience."""
        return int(self._child.child_fd)

    def prompt(self) -> str:
        """What was shown before the next prompt."""
        return self.expect("$ ")

    def type(self, line: str) -> str:
        """Type a line at the prompt; what the program printed, without the echoed line."""
        self.sendline(line)
        self.expect("\r\n")
        return self.prompt()

    def close(self) -> None:
        """Close the window."""
        self._child.close(force=True)

    def drain(self) -> bytes:
        """All that is still shown, up to the end; faster than patterns are."""
        shown = bytearray()
        with contextlib.suppress(OSError):  # EIO: nobody has the terminal any more
            while content := os.read(self.master, 1 << 16):
                shown += content
        return bytes(shown)


@dataclass
class Puppet:
    """A program on a recorded terminal that prints what it is told to (see puppet.py)."""

    shell: Shell
    report: Path

    @property
    def reported(self) -> list[str]:
        return self.report.read_text().split()

    def order(self, order: str) -> None:
        """Returns once it is done."""
        done = self.reported.count("done")
        self.shell.send(f"{order}\n")
        wait_for(lambda: self.reported.count("done") > done, f"the end of {order!r}")

    def write(self, content: bytes) -> None:
        self.order(f"write {content.hex()}")


@dataclass
class RunningAgent:
    """An agent under test; `pid` is PID 1's number outside of its namespace."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    pid: int
    port: int
    environment: dict[str, str]
    user: Sequence[str] = field(default=())

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
        return self.command(sys.executable, "-m", "troubleshooter_agent", "shell", *arguments)

    def shell(self, *arguments: str, cols: int = 100, rows: int = 30, **variables: str) -> Shell:
        """A recorded session on a real terminal; `variables` are further ones of its environment."""
        command = self.shell_command(*arguments)
        environment = {**self.environment, **variables}
        return Shell(command, cols=cols, rows=rows, env=environment, timeout=PATIENCE)

    def bash(self, *arguments: str, cols: int = 100, rows: int = 30) -> Shell:
        """A recorded bash, at its first prompt."""
        shell = self.shell(*arguments, cols=cols, rows=rows)
        shell.prompt()
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
        return sorted(child for child in children_of(self.pid) if name_of(child) == "tshoot-recorder")

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
def running_agent(
    folder: Path, *, volume: str = "", user: Sequence[str] = (), **annotations: str
) -> Iterator[RunningAgent]:
    """An agent that is ready for shells, or, with recordings_retained="", one that is not.

    `volume` is the size of a tmpfs of its own for the recordings, `user` what makes it another user.
    It is ended when the block is.
    """
    agent = start_agent(folder, volume=volume, user=user, **annotations)
    try:
        yield agent
    finally:
        stop_agent(agent)


def stop_agent(agent: RunningAgent) -> None:
    """End an agent and all in its namespace."""
    if agent.pid:  # a change of user makes the kernel forget that PID 1 is to end with unshare
        with contextlib.suppress(ProcessLookupError):
            os.kill(agent.pid, signal.SIGKILL)
    agent.process.kill()
    agent.process.wait()


def start_agent(
    folder: Path, *, volume: str = "", user: Sequence[str] = (), **annotations: str
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
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*in_namespace(folder, volume), *user, *run_command(folder, environment, port)],
            env=environment, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
    agent = RunningAgent(folder, process, 0, port, environment, user)
    try:
        agent.pid = wait_for(lambda: child_of(process.pid), f"PID 1 (see {folder / 'log'})")
        wait_for(lambda: _answers(agent), f"an answer of the agent (see {folder / 'log'})")
    except BaseException:
        stop_agent(agent)
        raise
    return agent


def prepare(folder: Path, annotations: dict[str, str]) -> None:
    """The folders of a toolbox, writable for any user, and its annotations."""
    for name in ("", "recordings", "run", "home"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name).chmod(0o777)
    (folder / "home" / ".bashrc").write_text(BASHRC)
    (folder / "termination-log").touch()
    (folder / "termination-log").chmod(0o666)
    values = {
        "namespace": "shop",
        "name": "box",
        "pod": "box",
        "pod_uid": "uid-1",
        "recordings_retained": "yes",
    }
    project(folder / "annotations", {**values, **annotations})


def in_namespace(folder: Path, volume: str = "") -> list[str]:
    """The command that makes what follows PID 1, where `volume` is wanted with a volume of that size."""
    namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    mount = 'mount -t tmpfs -o "size=$1,mode=777" recordings "$2" && shift 2 && exec "$@"'
    return [*namespace, "sh", "-c", mount, "sh", volume, str(folder / "recordings")] if volume else namespace


def run_command(folder: Path, environment: dict[str, str], port: int) -> list[str]:
    places = ("recordings", "annotations", "run-folder", "termination-log")
    return [
        *(sys.executable, "-m", "troubleshooter_agent", "run", "--host", "127.0.0.1", "--port", str(port)),
        *(f"--{place}={folder / place.removesuffix('-folder')}" for place in places),
        *("--socket", environment["TROUBLESHOOTER_SOCKET"]),
    ]


def user_of(cast: Path) -> str:
    """Whose recording it is, by its header."""
    with cast.open() as lines:
        return str(json.loads(lines.readline())["troubleshooter"]["user"])


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children_of(pid: int) -> list[int]:
    """The children of a process, which may have ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def child_of(pid: int) -> int | None:
    return next(iter(children_of(pid)), None)


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie: not every machine's init reaps at once."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def name_of(pid: int) -> str:
    """A process's name as ps shows it; empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _answers(agent: RunningAgent) -> bool:
    try:
        return bool(agent.status())
    except (OSError, urllib.error.URLError):
        assert agent.process.poll() is None, agent.log
        return False
