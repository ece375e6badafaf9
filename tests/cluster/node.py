"""Process 1 of the node's namespaces: starts every part of the cluster, says when it is ready, reaps.

Started by lifecycle.py as `node.py STATE LOGS CACHE`. When this process ends, the kernel ends all of the
node. It ends itself when a part has ended: half a cluster gives no true test results.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

import binaries
import components
import pki
import places
import settings
from places import State
from progress import POLL_SECONDS, HarnessError, output, say

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LINK_DEADLINE = 20.0
API_DEADLINE = 90.0
READY_DEADLINE = 120.0
# Paths that CNI and kubelet know by heart; hidden, so that nothing of theirs is written to the host's.
PRIVATE = ("/var/lib/cni", "/var/lib/kubelet", "/var/log/containers")


class Node:
    """The running parts, by process id."""

    def __init__(self, state: State, cache: Path) -> None:
        self.state = state
        self.programs = binaries.programs(cache)
        self.parts: dict[int, str] = {}

    def start(self, commands: Mapping[str, Sequence[str]]) -> None:
        """Start programs, each with a log of its own."""
        for name, command in commands.items():
            with (self.state.logs / f"{name}.log").open("wb") as log:
                part = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.state.root,
                    env={"PATH": PATH, "HOME": str(self.state.root)},
                )
            self.parts[part.pid] = name
            say(f"started {name} as process {part.pid}")

    def wait_for(self, what: str, ready: Callable[[], bool], seconds: float) -> None:
        """Poll until it is ready; HarnessError at the deadline, or as soon as a part has ended."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.reap(os.WNOHANG)
            if time.monotonic() > deadline:
                raise HarnessError(f"{what}: not within {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
        say(f"{what}: ready")

    def reap(self, options: int) -> None:
        """Take in one ended process, ours or an orphan; HarnessError if a part of the cluster is gone."""
        try:
            pid, status = os.waitpid(-1, options)
        except ChildProcessError:  # nothing is started yet
            return
        if name := self.parts.get(pid):
            code = os.waitstatus_to_exitcode(status)
            raise HarnessError(f"{name} ended with status {code}: see {self.state.logs}/{name}.log")

    def kubectl(self, *arguments: str | Path, text: str = "") -> bool:
        """Whether kubectl, as administrator and with this on its standard input, ended with 0."""
        command = [self.programs["kubectl"], "--kubeconfig", self.state.kubeconfig("admin"), *arguments]
        result = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
        return result.returncode == 0


def hide_the_host(state: State) -> None:
    """Mounts of our own: /proc of this pid namespace, a /run with nothing of the host's, private folders."""
    mount("--make-rshared", "/")
    mount("-t", "proc", "proc", "/proc")
    run = state.root / "run"
    shared = run / places.RUN.name
    run.mkdir()
    mount("-t", "tmpfs", "tmpfs", run)
    shared.mkdir()
    mount("--bind", places.RUN, shared)
    mount("--rbind", run, "/run")
    for number, path in enumerate(PRIVATE):
        private = state.root / "private" / str(number)
        private.mkdir(parents=True)
        mount("--bind", private, path)


def mount(*arguments: str | Path) -> None:
    output(["mount", *arguments])


def take_link(node: Node) -> None:
    """Wait for the end of the veth that the host hands over, and give it the node's address."""
    node.wait_for("link to the host", lambda: "eth0" in dict(socket.if_nameindex()).values(), LINK_DEADLINE)
    output(["ip", "addr", "add", f"{settings.NODE_IP}/{settings.LINK_PREFIX}", "dev", "eth0"])
    output(["ip", "link", "set", "eth0", "up"])
    output(["ip", "link", "set", "lo", "up"])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n")


def write_files(state: State) -> None:
    for path, text in settings.files(state).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    pki.make_all(state)
    state.volumes.mkdir()
    state.kubectl.parent.mkdir()


def start(node: Node) -> None:
    """The cluster, in the order in which its parts need each other."""
    state = node.state
    hide_the_host(state)
    take_link(node)
    write_files(state)
    state.kubectl.symlink_to(node.programs["kubectl"])
    node.start(components.storage(node.programs, state))
    node.wait_for("API server", partial(node.kubectl, "get", "--raw=/readyz"), API_DEADLINE)
    node.start(components.clients(node.programs, state))
    for name in ("coredns.yaml", "local-path.yaml"):
        manifest = components.MANIFESTS / name
        text = manifest.read_text().replace("NODE_IP", settings.NODE_IP)
        node.wait_for(name, partial(node.kubectl, "apply", "-f", "-", text=text), API_DEADLINE)
    condition = ("wait", "--for=condition=Ready", f"node/{settings.NODE_NAME}", "--timeout=1s")
    node.wait_for("node", partial(node.kubectl, *condition), READY_DEADLINE)
    account = ("get", "--namespace=default", "serviceaccount/default")  # without it no pod can be made
    node.wait_for("service accounts", partial(node.kubectl, *account), READY_DEADLINE)
    node.wait_for("names", partial(answers, settings.DNS_READY, "/ready"), READY_DEADLINE)
    node.wait_for("services", partial(answers, settings.PROXY_READY, "/healthz"), READY_DEADLINE)
    state.ready.touch()


def answers(address: str, path: str) -> bool:
    """Whether a program says over HTTP that it is ready."""
    connection = HTTPConnection(address, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:  # it does not listen yet
        return False
    finally:
        connection.close()


def main() -> int:
    root, logs, cache = (Path(argument) for argument in sys.argv[1:])
    node = Node(State(root, logs), cache)
    try:
        start(node)
        while True:
            node.reap(0)
    except (HarnessError, OSError, subprocess.CalledProcessError) as error:
        say(f"the node ends: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
