"""The reporter as PID 1 forks it: a real process, a real channel, real HTTP on the loopback."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubelet import project as kubelet_projects
from processes import wait_for

from troubleshooter_agent import channel, children, reporter
from troubleshooter_agent.contract import Status

PATIENCE = 10.0
LOOPBACK = ("127.0.0.1", 0)
STATUS: Status = {
    "agentVersion": "1.2.3",
    "startedAt": "2026-11-22T18:40:03Z",
    "expiresAt": "2026-11-22T19:40:03Z",
    "idleSince": None,
    "lastActivityAt": None,
    "timeToLiveSeconds": 3600.0,
    "idleTimeoutSeconds": 900.0,
    "ready": True,
    "wantedTimeToLive": "",
    "end": "",
    "sessionsActive": 2,
    "sessionCount": 7,
    "recordedBytes": 123456,
    "recordingFailures": 0,
    "chain": "",
    "sessions": [],
}


@dataclass
class Reporter:
    """A reporter, and PID 1's end of its channel."""

    child: children.Child
    port: int = 0

    def told(self, key: str) -> Any:
        """The next message with `key`."""
        self.child.channel.settimeout(PATIENCE)
        while key not in (message := channel.receive(self.child.channel).message):
            pass
        return message[key]

    def tell(self, **changes: Any) -> None:
        """A beat of PID 1."""
        status = {**STATUS, **changes}
        channel.send(
            self.child.channel,
            {
                "status": status,
                "failures": {"io": 1},
                "effort": {"events": 9, "writes": [8, 0.5], "syncs": [1, 0.25]},
                "dropped": 4,
            },
        )

    def get(self, path: str, *, method: str = "GET") -> tuple[int, str]:
        status, _, body = self.ask(path, method=method)
        return status, body

    def ask(self, path: str, *, method: str = "GET") -> tuple[int, dict[str, str], str]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as web:
            web.request(method, path)
            answer = web.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()

    def says(self, path: str, answer: tuple[int, str]) -> bool:
        """Whether the path comes to answer so; a beat is on its way for a moment."""
        return bool(wait_for(lambda: self.get(path) == answer, f"{path} to answer {answer}"))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def exit_code(self) -> int:
        return children.exit_code(self.child)


@contextlib.contextmanager
def running(
    folder: Path, address: tuple[str, int] = LOOPBACK, inherited: tuple[int, ...] = (), **options: Any
) -> Iterator[Reporter]:
    """A reporter; it is gone after the block, as it goes when PID 1 does."""
    child = children.fork(
        lambda ours: reporter.run(ours, annotations=folder, address=address, **options), inherited
    )
    try:
        yield Reporter(child)
    finally:
        child.channel.close()
        with contextlib.suppress(ChildProcessError):
            children.exit_code(child)
        os.close(child.pidfd)


@pytest.fixture(name="beating")
def _beating(tmp_path: Path) -> Iterator[Reporter]:
    """A reporter that serves, and has heard PID 1 once."""
    with running(tmp_path) as started:
        started.port = started.told("listening")
        started.tell()
        assert started.says("/healthz", (200, "ok\n"))
        wait_for(lambda: started.get("/status")[0] == 200, "the first beat")
        yield started


def test_status_is_what_pid_1_told(beating: Reporter) -> None:
    """The operator reads this."""
    status, headers, body = beating.ask("/status")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == STATUS


def test_metrics_are_served(beating: Reporter) -> None:
    """Their names and values have a test of their own."""
    status, headers, body = beating.ask("/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert 'troubleshooter_agent_recording_failures_total{kind="io"} 1.0\n' in body
    assert "troubleshooter_agent_log_lines_dropped_total 4.0\n" in body


def test_readiness_follows_the_status(beating: Reporter) -> None:
    """Ready, not yet, ready again, ending; each with one word."""
    assert beating.says("/readyz", (200, "ready\n"))
    beating.tell(ready=False)
    assert beating.says("/readyz", (503, "starting\n"))
    beating.tell()
    assert beating.says("/readyz", (200, "ready\n"))
    beating.tell(end="IdleTimeout")
    assert beating.says("/readyz", (503, "ending\n"))
    assert beating.get("/healthz") == (200, "ok\n")


def test_before_the_first_beat_it_is_alive_and_not_ready(tmp_path: Path) -> None:
    """PID 1 may have casts to mend first."""
    with running(tmp_path) as started:
        started.port = started.told("listening")
        assert started.get("/healthz") == (200, "ok\n")
        assert started.get("/readyz") == (503, "starting\n")
        assert started.get("/status") == (503, "starting\n")
        assert started.get("/metrics") == (503, "starting\n")


def test_silent_pid_1_is_neither_alive_nor_ready(tmp_path: Path) -> None:
    """A PID 1 that hangs is found by the kubelet's probe; one word brings it back."""
    with running(tmp_path, alive_seconds=0.2) as started:
        started.port = started.told("listening")
        started.tell()
        assert started.says("/healthz", (503, "silent\n"))
        assert started.get("/readyz") == (503, "silent\n")
        wait_for(lambda: is_ready_after_a_beat(started), "a ready toolbox")


def is_ready_after_a_beat(started: Reporter) -> bool:
    started.tell()
    return started.get("/readyz") == (200, "ready\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/status/", 404),
        ("GET", "/../etc/passwd", 404),
        ("GET", "/healthz?verbose=1", 200),
        ("POST", "/status", 405),
        ("DELETE", "/status", 405),
        ("BREW", "/status", 405),
    ],
)
def test_other_requests_are_refused(beating: Reporter, method: str, path: str, status: int) -> None:
    """Four paths, two methods."""
    assert beating.ask(path, method=method)[0] == status


def test_refused_method_names_those_that_are_allowed(beating: Reporter) -> None:
    """As RFC 9110 wants it of 405."""
    assert beating.ask("/status", method="POST")[1]["Allow"] == "GET, HEAD"


def test_head_is_a_get_without_its_body(beating: Reporter) -> None:
    """As RFC 9110 wants it."""
    status, headers, body = beating.ask("/healthz", method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, "3", "")


def test_answer_tells_no_version_of_the_server(beating: Reporter) -> None:
    """All headers there are, also of an error."""
    assert set(beating.ask("/status")[1]) == {"Content-Type", "Content-Length", "Cache-Control"}
    assert set(beating.ask("/nothing")[1]) == {"Content-Type", "Content-Length", "Cache-Control"}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET /status HTTP/1.1\r\nCookie: " + b"a" * 100_000 + b"\r\n\r\n", b"431"),
        (b"GET /status HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", b"431"),
        (b"GET /status HTTP/1.1 and more\r\n\r\n", b"400"),
        (b"GET /status HTTP/9.9\r\n\r\n", b"505"),
        (b"<script>\r\n\r\n", b"400"),
    ],
    ids=["long path", "long header", "many headers", "words", "version", "nonsense"],
)
def test_request_that_is_too_long_or_none_is_refused(
    beating: Reporter, request_: bytes, status: bytes
) -> None:
    """And nothing that the client said comes back."""
    with beating.connect() as stranger:
        with contextlib.suppress(ConnectionError):
            stranger.sendall(request_)
        answer = b""
        with contextlib.suppress(ConnectionResetError):  # it was not read to its end
            while part := stranger.recv(4096):
                answer += part
    is_cut_off = answer == b"" and len(request_) > 8192
    assert is_cut_off or answer.split(b" ")[1] == status
    assert b"script" not in answer
    assert beating.get("/healthz") == (200, "ok\n")


def test_crowd_of_idle_connections_keeps_no_probe_waiting(beating: Reporter) -> None:
    """More connections than are allowed, each held open: a probe is still answered at once."""
    crowd = [beating.connect() for _ in range(200)]
    for stranger in crowd:
        stranger.sendall(b"GET /sta")
    assert [beating.get("/healthz") for _ in range(5)] == [(200, "ok\n")] * 5
    assert threads_of(beating.child.pid) < 100
    for stranger in crowd:
        stranger.close()


@pytest.mark.timing
def test_client_that_sends_a_byte_now_and_then_is_turned_out(beating: Reporter) -> None:
    """Five seconds are all that a request may take, however busy its sender is."""
    with beating.connect() as stranger:
        started = time.monotonic()
        stranger.settimeout(0.2)
        while not is_closed(stranger):
            assert time.monotonic() - started < 8
            with contextlib.suppress(ConnectionError):
                stranger.sendall(b"G")
        assert time.monotonic() - started > 4
    wait_for(lambda: threads_of(beating.child.pid) < 10, "the thread of the slow client to end")


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it; waits for as long as its time-out."""
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def threads_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def test_it_ends_when_pid_1_is_gone(tmp_path: Path) -> None:
    """Also while clients are connected: nothing of a toolbox outlives its PID 1."""
    with running(tmp_path) as started:
        started.port = started.told("listening")
        with started.connect() as stranger:
            stranger.sendall(b"GET /sta")
            started.child.channel.close()
            assert started.exit_code() == 0


def test_it_ends_when_pid_1_is_killed(tmp_path: Path) -> None:
    """A parent that dies without a word: the kernel closes its end of the channel."""
    program = (
        "import sys, os, signal; from pathlib import Path\n"
        "from troubleshooter_agent import children, channel, reporter\n"
        "folder = Path(sys.argv[1])\n"
        "run = lambda ours: reporter.run(ours, annotations=folder, address=('127.0.0.1', 0))\n"
        "child = children.fork(run, ())\n"
        "child.channel.settimeout(10)\n"
        "while 'listening' not in channel.receive(child.channel).message: pass\n"
        "print(child.pid, flush=True)\n"
        "signal.pause()\n"
    )
    agent_root = Path(__file__).parents[2] / "agent"
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(agent_root)},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    pidfd = os.pidfd_open(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    assert parent.stdout.read() == b""  # its other holder has ended
    parent.stdout.close()
    os.close(pidfd)


def test_annotations_are_told_at_the_start_and_at_each_change(tmp_path: Path) -> None:
    """In the way the kubelet changes them."""
    kubelet_projects(tmp_path, {"run": "1"})
    with running(tmp_path) as started:
        assert started.told("annotations") == {"run": "1"}
        kubelet_projects(tmp_path, {"end": "Stopped"})
        assert started.told("annotations") == {"run": "1", "end": "Stopped"}


def without_inotify(folder: Path, changed: Callable[[], None]) -> Callable[[], None]:
    """A node on which others have taken all inotify instances."""
    raise OSError(24, "inotify instance limit reached")


def test_annotations_are_told_without_inotify(tmp_path: Path) -> None:
    """Two seconds later at most."""
    kubelet_projects(tmp_path, {"run": "1"})
    with running(tmp_path, start_observer=without_inotify) as started:
        assert started.told("annotations") == {"run": "1"}
        kubelet_projects(tmp_path, {"run": "2"})
        assert started.told("annotations") == {"run": "2"}


def test_port_that_somebody_has_is_taken_once_it_is_free(tmp_path: Path) -> None:
    """Meanwhile the annotations are told: they decide over shells, the port does not."""
    with contextlib.closing(socket.create_server(LOOPBACK)) as somebody:
        port = somebody.getsockname()[1]
        kubelet_projects(tmp_path, {"run": "1"})
        with running(tmp_path, ("127.0.0.1", port), inherited=(somebody.fileno(),)) as started:
            assert started.told("annotations") == {"run": "1"}
            somebody.close()
            started.port = started.told("listening")
            assert started.port == port
            assert started.get("/healthz") == (200, "ok\n")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
def test_all_addresses_are_served_in_both_protocols(tmp_path: Path) -> None:
    """A cluster may have either."""
    with running(tmp_path, ("", 0)) as started:
        started.port = started.told("listening")
        assert started.get("/healthz") == (200, "ok\n")
        with contextlib.closing(http.client.HTTPConnection("::1", started.port, timeout=PATIENCE)) as web:
            web.request("GET", "/healthz")
            assert web.getresponse().status == 200


def test_nothing_heavy_is_imported_before_the_fork() -> None:
    """PID 1 and every recorder would carry it, and run what `threading` and `random` do after each fork."""
    program = (
        "import sys, troubleshooter_agent.init\n"
        "heavy = {'prometheus_client', 'watchdog', 'http.server', 'socketserver'}\n"
        "heavy |= {'threading', 'subprocess', 'random'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    agent_root = Path(__file__).parents[2] / "agent"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(agent_root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "[]\n"
