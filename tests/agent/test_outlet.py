"""Writing to a person who may be slow, away or gone: real terminals and pipes, a clock of the test's own."""

import fcntl
import os
import select
import signal
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from troubleshooter_agent.outlet import Outlet, own


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The person's side, and a raw terminal to write to."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, slave
    for fd in (master, slave):
        os.close(fd)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(writing)


def fill(outlet: Outlet, now: float) -> None:
    """Offer more than terminals and pipes hold."""
    outlet.offer(b"x" * 1_000_000, now)
    assert outlet.is_waiting


def read_all(fd: int, outlet: Outlet, now: float) -> bytes:
    """What comes out while the outlet pumps on."""
    shown = bytearray()
    while True:
        try:
            piece = os.read(fd, 65536)
        except BlockingIOError:
            if not outlet.is_waiting:
                return bytes(shown)
            piece = b""
        shown += piece
        outlet.pump(now)


def test_more_is_worth_reading_until_128_kib_wait(pipe: tuple[int, int]) -> None:
    """So the program goes on while its reader reads; what is recorded ahead of the person stays bounded."""
    outlet = Outlet(own(pipe[1], os.O_WRONLY), may_stall=False)
    outlet.offer(b"x" * 65_536, 0.0)  # what a pipe holds
    assert not outlet.is_waiting
    outlet.offer(b"x" * 131_071, 0.0)
    assert (outlet.is_waiting, outlet.is_full) == (True, False)
    outlet.offer(b"x", 0.0)
    assert outlet.is_full
    assert len(read_all(pipe[0], outlet, 1.0)) == 65_536 + 131_072
    assert not outlet.is_full
    os.close(outlet.fd)
    os.close(pipe[0])


def test_own_descriptor_leaves_that_of_the_client_blocking(terminal: tuple[int, int]) -> None:
    """O_NONBLOCK on the shared one would end the person's other programs."""
    fd = own(terminal[1], os.O_RDWR)
    assert not os.get_blocking(fd)
    assert os.get_blocking(terminal[1])
    assert fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    os.write(fd, b"shown")
    assert os.read(terminal[0], 100) == b"shown"
    os.close(fd)


def test_file_keeps_its_one_position(tmp_path: Path) -> None:
    """A reopened file would be written from its beginning."""
    with (tmp_path / "log").open("wb") as file:
        file.write(b"before ")
        file.flush()
        Outlet(own(file.fileno(), os.O_WRONLY), may_stall=False).offer(b"after", 0.0)
        file.write(b" end")
    assert (tmp_path / "log").read_bytes() == b"before after end"


@pytest.mark.parametrize("kind", ["terminal", "pipe"])
def test_everything_arrives_in_order_through_a_slow_reader(kind: str, request: pytest.FixtureRequest) -> None:
    master, slave = request.getfixturevalue(kind)
    outlet = Outlet(own(slave, os.O_WRONLY), may_stall=kind == "terminal")
    content = bytes(range(256)) * 2000
    outlet.offer(content, 0.0)
    outlet.offer(b"end", 1.0)
    assert outlet.is_waiting
    assert read_all(master, outlet, 2.0) == content + b"end"
    assert outlet.skipped == 0


def test_terminal_that_takes_nothing_for_ten_seconds_is_detached(terminal: tuple[int, int]) -> None:
    outlet = Outlet(own(terminal[1], os.O_RDWR), may_stall=True)
    fill(outlet, 100.0)
    assert not outlet.detach_if_stalled(109.9)
    assert outlet.detach_if_stalled(110.0)
    assert not outlet.detach_if_stalled(130.0)
    assert (outlet.is_detached, outlet.is_waiting, outlet.is_gone) == (True, False, False)


def test_terminal_that_takes_a_little_now_and_then_is_only_slow(terminal: tuple[int, int]) -> None:
    outlet = Outlet(own(terminal[1], os.O_RDWR), may_stall=True)
    fill(outlet, 100.0)
    for now in range(109, 150, 9):
        os.read(terminal[0], 4096)
        select.select((), [terminal[1]], (), 5)  # the kernel makes room in its own time
        outlet.pump(now)
        assert not outlet.detach_if_stalled(now + 5)


def test_detached_terminal_is_told_how_much_it_missed(terminal: tuple[int, int]) -> None:
    outlet = Outlet(own(terminal[1], os.O_RDWR), may_stall=True)
    fill(outlet, 100.0)
    missed = len(outlet.pending)
    outlet.detach_if_stalled(110.0)
    outlet.offer(b"unseen", 111.0)
    assert outlet.attach() == missed + 6
    shown = read_all(terminal[0], outlet, 112.0)
    outlet.offer(b"seen again", 113.0)
    assert len(shown) + missed == 1_000_000
    assert os.read(terminal[0], 100) == b"seen again"
    assert outlet.skipped == 0


def test_pipe_is_never_called_detached(pipe: tuple[int, int]) -> None:
    outlet = Outlet(own(pipe[1], os.O_WRONLY), may_stall=False)
    fill(outlet, 100.0)
    assert not outlet.detach_if_stalled(100_000.0)
    assert outlet.is_waiting
    os.close(pipe[0])


def test_reader_of_a_pipe_that_leaves_is_noticed_at_the_next_write(pipe: tuple[int, int]) -> None:
    before = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    outlet = Outlet(own(pipe[1], os.O_WRONLY), may_stall=False)
    os.close(pipe[0])
    outlet.offer(b"nobody", 1.0)
    signal.signal(signal.SIGPIPE, before)
    assert (outlet.is_gone, outlet.is_broken, outlet.is_waiting, outlet.skipped) == (True, True, False, 6)


def test_terminal_that_is_gone_is_noticed_and_stays_gone(terminal: tuple[int, int]) -> None:
    master, slave = os.openpty()
    outlet = Outlet(own(slave, os.O_RDWR), may_stall=True)
    os.close(master)
    outlet.offer(b"nobody", 1.0)
    assert (outlet.is_gone, outlet.is_broken) == (True, True)
    outlet.attach()
    outlet.offer(b"still nobody", 2.0)
    assert (outlet.is_waiting, outlet.skipped) == (False, 12)
    os.close(slave)
