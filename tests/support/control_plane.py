"""A real API server with its etcd on this machine's loopback: no node, no kubelet, started in seconds.

For what only the API server decides, and for faults that a whole cluster must not be asked for: both can be
stopped, killed and started again, each on its own. The controller manager comes with it if asked for.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import binaries
import components
import debian
import lifecycle
import pki
import places
from kubectl import Kubectl, wait_until

START_SECONDS = 60.0
END_SECONDS = 20.0


@dataclass
class Part:
    """One program of the control plane, which can be ended and started again with the same flags."""

    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            os.kill(self.process.pid, how)
            self.process.wait(END_SECONDS)
            self.process = None


@dataclass
class ControlPlane:
    """The running control plane. `url` is the API server's own address."""

    state: places.State
    url: str
    etcd: Part
    api_server: Part
    controllers: Part | None
    programs: Mapping[str, Path]
    _users: dict[tuple[str, tuple[str, ...]], Path] = field(default_factory=dict)

    @property
    def admin(self) -> Kubectl:
        return Kubectl(self.programs["kubectl"], self.state.kubeconfig("admin"))

    def kubeconfig(self, user: str, groups: Sequence[str] = ()) -> Path:
        """For a user whom the API server knows by a certificate; RBAC decides what that one may do."""
        key = (user, tuple(groups))
        if key not in self._users:
            name = f"user-{len(self._users)}"
            self._users[key] = pki.write_kubeconfig(self.state, name, user, groups, self.url)
        return self._users[key]

    def user(self, name: str, groups: Sequence[str] = ()) -> Kubectl:
        return Kubectl(self.programs["kubectl"], self.kubeconfig(name, groups))

    def wait_ready(self) -> None:
        """Return once the API server says that it is ready."""
        wait_until(
            lambda: self.admin.attempt("get", "--raw=/readyz").returncode == 0,
            timeout=START_SECONDS,
            what=f"an API server (log: {self.api_server.log})",
        )


@contextmanager
def running_control_plane(
    folder: Path,
    *,
    controllers: bool = False,
    programs: Mapping[str, Path] | None = None,
    flags: Sequence[str] = components.MUTATING_POLICIES,
) -> Iterator[ControlPlane]:
    """One in an empty folder, gone with all its processes afterwards."""
    state = places.State(folder / "state", folder / "logs")
    state.root.mkdir(parents=True)
    state.logs.mkdir()
    plane = _prepare(state, programs or _programs(), flags)
    with ExitStack() as stack:
        for part in (plane.etcd, plane.api_server):
            part.start()
            stack.callback(part.end)
        plane.wait_ready()
        if controllers:
            plane.controllers = Part(
                (*components.controller_manager(plane.programs, state), "--secure-port=0"),
                state.logs / "controllers.log",
            )
            plane.controllers.start()
            stack.callback(plane.controllers.end)
        yield plane


def _programs() -> Mapping[str, Path]:
    """Those that the real cluster runs, built if they are not in the cache."""
    cache = places.cache()
    debian.install(("openssl",), cache / "logs" / "apt.log")
    with lifecycle.cache_lock(cache):
        binaries.build(cache)
    return binaries.programs(cache)


def _prepare(state: places.State, programs: Mapping[str, Path], flags: Sequence[str]) -> ControlPlane:
    port, clients, peers = _free_ports(3)
    url, store = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{clients}"
    pki.make_all(state, url)
    listening = ("--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={state.pki}", *flags)
    return ControlPlane(
        state=state,
        url=url,
        etcd=Part(
            components.etcd(programs, state, store, f"http://127.0.0.1:{peers}"), state.logs / "etcd.log"
        ),
        api_server=Part(
            (*components.api_server(programs, state, store), *listening), state.logs / "apiserver.log"
        ),
        controllers=None,
        programs=programs,
    )


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody has at the moment."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
