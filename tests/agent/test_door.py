"""Clients that mean no good: PID 1 stays, and so do the sessions of others.

They connect from outside of the pid namespace, as a process of another container of the pod would.
"""

import array
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from processes import wait_for

from agent import RunningAgent

OPEN: dict[str, Any] = {
    "argv": ["true"],
    "user": "eve",
    "environment": {"PATH": "/usr/bin:/bin"},
    "folder": "/",
    "size": None,
}


def connect(agent: RunningAgent) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect("\0" + agent.environment["TROUBLESHOOTER_SOCKET"][1:])
    connection.settimeout(20)
    return connection


def send(connection: socket.socket, packet: bytes, descriptors: list[int]) -> None:
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    connection.sendmsg([packet], rights)


def answers(connection: socket.socket) -> list[dict[str, Any]]:
    """All that the agent says until it closes."""
    found = []
    while packet := connection.recv(65536):
        found.append(json.loads(packet))
    return found


@pytest.fixture
def null() -> Iterator[int]:
    fd = os.open(os.devnull, os.O_RDWR)
    yield fd
    os.close(fd)


@pytest.fixture(autouse=True)
def nothing_has_happened(toolbox: RunningAgent, null: int) -> Iterator[None]:
    """Whatever a test does, the agent is the same one afterwards, records, and has kept nothing open."""
    before = descriptors_of(toolbox.pid)
    yield
    with connect(toolbox) as connection:
        send(connection, json.dumps({"open": OPEN | {"argv": ["sh", "-c", "exit 3"]}}).encode(), [null] * 3)
        assert answers(connection)[-1] == {"exit": 3}
    wait_for(lambda: descriptors_of(toolbox.pid) <= before, "the closing of what was opened")
    assert "Traceback" not in toolbox.log


def descriptors_of(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.mark.parametrize(
    "packet",
    [
        b"garbage", b"\xff" * 1000, b"[]", b"null", b"{}", b'{"open":null}', b'{"open":{}}', b'{"exit":0}',
        b'{"end":"x","text":"y"}', b'{"say":"x"}', b" " * 131_073, b"[" * 100_000,
    ],
    ids=lambda packet: packet[:24].decode("latin-1") + str(len(packet)),
)  # fmt: skip
def test_packet_that_is_no_wish_ends_the_conversation(
    toolbox: RunningAgent, null: int, packet: bytes
) -> None:
    with connect(toolbox) as connection:
        send(connection, packet, [null] * 3)
        assert answers(connection) == []


@pytest.mark.parametrize(
    "change",
    [
        {"argv": "true"}, {"argv": [1]}, {"argv": None}, {"argv": ["tr\0ue"]}, {"argv": ["snow\u2603"]},
        {"user": None}, {"user": "x" * 1100}, {"user": "\x1b" * 200},
        {"environment": []}, {"environment": {"A": 1}}, {"environment": {"A=B": "c"}},
        {"environment": {"": "c"}}, {"environment": {"A": "\0"}}, {"folder": None}, {"folder": "/\0"},
        {"size": [80]}, {"size": [80, "24"]}, {"size": [-1, 24]}, {"size": [80, 65536]},
        {"size": [10**18, 10**18]}, {"size": "80x24"}, {"size": {}},
    ],
    ids=lambda change: json.dumps(change)[:40],
)  # fmt: skip
def test_wish_that_no_program_can_be_started_with_starts_none(
    toolbox: RunningAgent, null: int, change: dict[str, Any]
) -> None:
    known = len(toolbox.casts)
    with connect(toolbox) as connection:
        send(connection, json.dumps({"open": OPEN | change}).encode(), [null] * 3)
        assert answers(connection) == []
    assert len(toolbox.casts) == known


@pytest.mark.parametrize("number", [0, 1, 2, 4, 100])
def test_wish_with_too_few_or_too_many_descriptors_starts_nothing(
    toolbox: RunningAgent, null: int, number: int
) -> None:
    with connect(toolbox) as connection:
        send(connection, json.dumps({"open": OPEN}).encode(), [null] * number)
        assert answers(connection) == []


def test_client_of_another_namespace_with_our_user_is_recorded_like_any(
    toolbox: RunningAgent, null: int
) -> None:
    """The kernel knows no number for it here, which is no reason to stumble."""
    with connect(toolbox) as connection:
        send(connection, json.dumps({"open": OPEN | {"argv": ["sh", "-c", "exit 5"]}}).encode(), [null] * 3)
        opened, ended = answers(connection)
    assert (list(opened), ended) == (["opened"], {"exit": 5})


STRANGER = """
import array, json, os, socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect("\\0" + sys.argv[1])
rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
connection.sendmsg([sys.argv[2].encode()], rights)
print(os.getuid(), connection.recv(65536))
"""


def test_other_user_is_refused(toolbox: RunningAgent) -> None:
    """What the same words do for our own user is seen above."""
    name = toolbox.environment["TROUBLESHOOTER_SOCKET"][1:]
    wish = json.dumps({"open": OPEN | {"argv": ["touch", f"{toolbox.folder}/ran"]}})
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search", "--")  # fmt: skip
    command = toolbox.command(*user, sys.executable, "-c", STRANGER, name, wish)
    result = subprocess.run(command, capture_output=True, check=True, timeout=20, stdin=subprocess.DEVNULL)
    assert result.stdout == b"65534 b''\n"
    assert not (toolbox.folder / "ran").exists()


def test_crowd_that_says_nothing_keeps_nobody_out(toolbox: RunningAgent) -> None:
    """The longest silent one has to go for the next one; who speaks is heard."""
    with ExitStack() as crowd:
        silent = [crowd.enter_context(connect(toolbox)) for _ in range(300)]
        assert toolbox.run("-c", "exit 4").returncode == 4
        assert answers(silent[0]) == []
        assert descriptors_of(toolbox.pid) < 120


def test_clients_that_come_and_go_at_once_leave_nothing(toolbox: RunningAgent, null: int) -> None:
    wish = json.dumps({"open": OPEN}).encode()
    known = len(toolbox.casts)
    for number in range(100):
        with connect(toolbox) as connection:
            if number % 10 == 0:
                send(connection, wish, [null] * 3)
    wait_for(lambda: len(toolbox.casts) == known + 10, "the sessions of those who asked for one")
    wait_for(lambda: toolbox.status()["sessionsActive"] == 0, "their end")


def pair_of_sockets() -> int:
    ours, theirs = socket.socketpair()
    theirs.close()
    return ours.detach()


def reading_end() -> int:
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def orphaned_terminal() -> int:
    master, slave = os.openpty()
    os.close(master)
    return slave


def full_pipe() -> int:
    reading, writing = os.pipe2(os.O_NONBLOCK)
    os.write(writing, b"x" * 65536)
    os.close(reading)
    return writing


STRANGE: dict[str, Callable[[], int]] = {
    "folder": lambda: os.open("/", os.O_RDONLY),
    "path": lambda: os.open("/", os.O_PATH),
    "read-only file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "event counter": lambda: os.eventfd(0),
    "socket without a peer": pair_of_sockets,
    "pipe without a writer": reading_end,
    "pipe without a reader": full_pipe,
    "file": lambda: os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR),
    "terminal without a person": orphaned_terminal,
}


@pytest.mark.parametrize("size", [None, [80, 24]], ids=["pipes", "terminal"])
@pytest.mark.parametrize("kind", STRANGE)
def test_strange_descriptors_harm_only_their_own_session(
    toolbox: RunningAgent, kind: str, size: list[int] | None
) -> None:
    descriptor = STRANGE[kind]()
    with connect(toolbox) as connection:
        wish = OPEN | {"argv": ["sh", "-c", "echo hello; exit 5"], "size": size}
        send(connection, json.dumps({"open": wish}).encode(), [descriptor] * 3)
        os.close(descriptor)
        said = answers(connection)
    assert said[-1].get("exit") in {5, 141}  # 141: it could not print
    wait_for(lambda: toolbox.status()["sessionsActive"] == 0, "the end of the session")
