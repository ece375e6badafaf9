"""Written before it is shown, and nothing shown that is not written: real files, a clock by hand."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from apart import apart
from processes import wait_for

from troubleshooter_agent.asciicast import Encoder
from troubleshooter_agent.errors import NotRecordedError
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.syncer import Flag, Syncer
from troubleshooter_agent.writer import CastWriter

FIRST = b'{"version":2}\n'


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cast(tmp_path: Path) -> Path:
    return tmp_path / "x.cast"


@pytest.fixture
def writer(cast: Path, clock: Clock) -> Iterator[CastWriter]:
    recording = Recording.create(cast, FIRST)
    yield CastWriter(recording, Encoder(clock.now), clock)
    recording.release_reserve()
    os.close(recording.fd)


def written(cast: Path) -> list[str]:
    return cast.read_text().splitlines()[1:]


def test_output_may_be_shown_once_it_is_in_the_file(writer: CastWriter, cast: Path, clock: Clock) -> None:
    clock.now = 100.5
    assert writer.output(b"hello\r\n") == b"hello\r\n"
    assert written(cast) == ['[0.5,"o","hello\\r\\n"]']


def test_half_a_character_waits_for_the_other_half(writer: CastWriter, cast: Path, clock: Clock) -> None:
    assert writer.output(b"caf\xc3") == b"caf"
    clock.now = 100.9
    assert not writer.is_held_too_long()
    assert writer.output(b"\xa9!") == b"\xc3\xa9!"
    assert writer.held_since is None
    assert written(cast) == ['[0.0,"o","caf"]', '[0.9,"o","é!"]']


def test_half_a_character_is_shown_as_it_is_after_a_second(
    writer: CastWriter, cast: Path, clock: Clock
) -> None:
    writer.output(b"\xc3")
    clock.now = 101.0
    assert writer.is_held_too_long()
    assert writer.flush_held() == b"\xc3"
    assert not writer.is_held_too_long()
    assert written(cast) == ['[1.0,"b","ww=="]', '[1.0,"o","\ufffd"]']


def test_clock_that_steps_back_makes_no_time_decrease(writer: CastWriter, cast: Path, clock: Clock) -> None:
    clock.now = 102.0
    writer.output(b"a")
    clock.now = 50.0
    writer.output(b"b")
    assert written(cast) == ['[2.0,"o","a"]', '[2.0,"o","b"]']


def test_resize_to_nothing_is_no_event(writer: CastWriter, cast: Path) -> None:
    for size in ((120, 40), (0, 0), (0, 24), (80, 0)):
        writer.resize(*size)
    assert written(cast) == ['[0.0,"r","120x40"]']


def test_after_a_failed_write_nothing_is_shown_any_more_and_the_first_reason_stays(tmp_path: Path) -> None:
    """Also what would fit again: a gap in the middle is worse than an end."""
    code = """
import resource
from troubleshooter_agent.asciicast import Encoder
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.writer import CastWriter
cast = Path(sys.argv[1])
recording = Recording.create(cast, b"first\\n")
writer = CastWriter(recording, Encoder(0.0), lambda: 0.0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
shown = [writer.output(text).decode() for text in (b"a" * 50, b"b" * 500, b"c")]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
shown.append(writer.output(b"d").decode())
writer.marker("no")
writer.finish("full")
writer.marker("late")
shown.append(writer.output(b"e").decode())
tell([shown, writer.failure.kind, cast.read_text().splitlines()])
"""
    shown, kind, lines = apart(code, str(tmp_path / "x.cast"))
    assert shown == ["a" * 50, "", "", "", ""]
    assert kind == "no-space"
    assert lines == ["first", '[0.0,"o","' + "a" * 50 + '"]', '[0.0,"m","session ended: full"]']


def test_syncer_brings_to_the_disk_what_is_written(writer: CastWriter) -> None:
    failures: list[NotRecordedError] = []
    syncer = Syncer(writer.sink, failures.append, writer.unsynced)
    syncer.start()
    writer.output(b"a")
    wait_for(lambda: writer.sink.synced == writer.sink.length, "a sync", seconds=5)
    syncer.stop()
    assert failures == []


def test_failed_sync_is_told_once_and_ends_the_syncing(tmp_path: Path) -> None:
    """A pipe cannot be synced: the kernel says so as it does for a failed disk."""
    reading, writing = os.pipe()
    recording = Recording(tmp_path / "x.cast", writing, -1, length=1)
    failures: list[NotRecordedError] = []
    told = threading.Event()

    def failed(error: NotRecordedError) -> None:
        failures.append(error)
        told.set()

    unsynced = Flag()
    syncer = Syncer(recording, failed, unsynced)
    syncer.start()
    unsynced.set()
    assert told.wait(5)
    syncer.stop()
    assert [failure.kind for failure in failures] == ["io"]
    assert "Invalid argument" in str(failures[0])
    os.close(reading)
    os.close(writing)


def test_syncer_that_never_began_can_be_stopped(writer: CastWriter) -> None:
    Syncer(writer.sink, lambda _: None, writer.unsynced).stop()


def test_no_process_of_pid_1_runs_the_handlers_of_threading_after_its_fork() -> None:
    """They touch half a megabyte of what PID 1 shares with each recorder, which then has it twice."""
    code = "import sys; from troubleshooter_agent import init; print('threading' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"
