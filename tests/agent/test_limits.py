"""What a limit leaves out, and how the recording states it; the clock counts seconds by hand."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import wait_for

from agent import running_agent
from troubleshooter_agent.asciicast import Encoder
from troubleshooter_agent.limits import DEFAULT, FLOOR, RATE, UNLIMITED, Bucket, Limits, Meter, Room, left_out
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.writer import CastWriter

PLENTY = Room(total=1 << 30, free=1 << 30)
SCARCE = Room(total=1 << 30, free=(32 << 20) - 1)
SMALL = Limits(size=10_000, burst=1000, rate=100, floor=32 << 20, trickle_burst=50, trickle=10)


def test_the_marker_says_how_many_bytes_and_why() -> None:
    assert left_out(12345, RATE) == "12345 bytes left out: rate limit"
    assert left_out(7, FLOOR) == "7 bytes left out: the volume has little space left"


def test_defaults_take_a_hundred_megabytes_at_once() -> None:
    meter = Meter(DEFAULT)
    for _ in range(112):
        assert meter.refuses(0.0, PLENTY) is None
        meter.take(1 << 20, PLENTY)


@pytest.mark.parametrize(
    ("taken", "later", "why"),
    [
        (999, 0.0, None),
        (1000, 0.0, RATE),
        (1500, 4.9, RATE),  # overdrawn by 500, and 490 have come back
        (1500, 5.1, None),
        (1000, -3600.0, RATE),  # a clock that goes back gives nothing
    ],
)
def test_flood_passes_up_to_the_burst_and_then_at_the_rate(taken: int, later: float, why: str | None) -> None:
    meter = Meter(SMALL)
    assert meter.refuses(10.0, PLENTY) is None
    meter.take(taken, PLENTY)
    assert meter.refuses(10.0 + later, PLENTY) == why


@pytest.mark.parametrize(
    ("room", "why"),
    [
        (PLENTY, None),
        (SCARCE, FLOOR),
        (Room(total=(256 << 20) - 1, free=0), None),  # a volume so small has no floor
        (Room(total=256 << 20, free=0), FLOOR),
    ],
)
def test_below_the_floor_only_a_trickle_is_recorded(room: Room, why: str | None) -> None:
    meter = Meter(SMALL)
    assert meter.refuses(0.0, room) is None
    meter.take(50, room)
    assert meter.refuses(0.0, room) == why
    assert meter.refuses(0.2, room) is None


def test_what_was_written_with_room_to_spare_does_not_count_for_the_trickle() -> None:
    meter = Meter(SMALL)
    meter.take(500, PLENTY)
    assert meter.refuses(0.0, SCARCE) is None


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(1, 500)), max_size=50))
def test_no_more_passes_than_burst_and_rate_allow_and_one_batch(steps: list[tuple[float, int]]) -> None:
    bucket = Bucket(burst=1000, rate=100)
    now, passed = 0.0, 0
    for pause, size in steps:
        now += pause
        if not bucket.is_empty(now):
            bucket.take(size)
            passed += size
    assert passed <= 1000 + 100 * now + 500


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def writer(tmp_path: Path, clock: Clock) -> Iterator[CastWriter]:
    recording = Recording.create(tmp_path / "x.cast", b"first\n")
    yield CastWriter(recording, Encoder(0.0), clock, Meter(replace(SMALL, floor=0)))
    recording.release_reserve()
    os.close(recording.fd)


def lines(writer: CastWriter) -> list[str]:
    return writer.sink.path.read_text().splitlines()[1:]


def test_what_the_rate_leaves_out_is_shown_and_stated_before_what_follows(
    writer: CastWriter, clock: Clock
) -> None:
    writer.output(b"x" * 1000)
    assert writer.output(b"a" * 300) == b"a" * 300
    assert writer.output(b"b" * 45) == b"b" * 45
    clock.now = 0.5
    assert writer.output(b"c") == b"c"
    assert lines(writer)[1:] == ['[0.5,"m","345 bytes left out: rate limit"]', '[0.5,"o","c"]']
    assert writer.gap.total == 345


def test_gap_is_stated_after_a_second_also_when_nothing_follows(writer: CastWriter, clock: Clock) -> None:
    writer.output(b"x" * 1000)
    writer.output(b"a" * 300)
    assert writer.is_waiting
    clock.now = 0.9
    writer.look()
    assert len(lines(writer)) == 1
    clock.now = 1.0
    writer.look()
    assert lines(writer)[1:] == ['[1.0,"m","300 bytes left out: rate limit"]']
    assert not writer.is_waiting


@pytest.mark.parametrize("last", ["marker", "resize", "finish"])
def test_gap_is_stated_before_any_other_event(writer: CastWriter, last: str) -> None:
    writer.output(b"x" * 1000)
    writer.output(b"a" * 300)
    {
        "marker": lambda: writer.marker("hello"),
        "resize": lambda: writer.resize(80, 24),
        "finish": lambda: writer.finish("exit status 0"),
    }[last]()
    assert lines(writer)[1] == '[0.0,"m","300 bytes left out: rate limit"]'
    assert len(lines(writer)) == 3


def test_half_a_character_before_a_gap_is_recorded_and_shown_in_its_place(writer: CastWriter) -> None:
    writer.output(b"x" * 1000 + b"\xc3")
    assert writer.output(b"\xa9abc") == b"\xc3\xa9abc"
    writer.state_gap()
    assert lines(writer)[1:] == [
        '[0.0,"b","ww=="]',
        '[0.0,"o","\ufffd"]',
        '[0.0,"m","4 bytes left out: rate limit"]',
    ]


def test_recording_that_would_be_too_large_ends_and_shows_no_more(tmp_path: Path, clock: Clock) -> None:
    recording = Recording.create(tmp_path / "y.cast", b"first\n")
    writer = CastWriter(recording, Encoder(0.0), clock, Meter(replace(UNLIMITED, size=4096)))
    assert writer.output(b"x" * 4000) == b"x" * 4000
    assert writer.output(b"y" * 100) == b""
    assert writer.failure is not None
    assert writer.failure.kind == "size-limit"
    writer.finish("too large")
    os.close(recording.fd)
    assert lines(writer)[1:] == [
        '[0.0,"m","100 bytes left out: size limit of 4Ki"]',
        '[0.0,"m","session ended: too large"]',
    ]


def test_flood_is_shown_at_its_own_speed_and_stated_to_the_byte(tmp_path: Path) -> None:
    """Through a real session: what is recorded and what the markers state make up all that was shown."""
    with running_agent(tmp_path, options=("--burst=100Ki", "--rate=20Ki")) as agent:
        shown = agent.run("--", "seq", "300000").stdout
        assert len(shown) == 1_988_895
        cast = agent.cast()
        stated = [int(text.split()[0]) for text in cast.markers if text.endswith("left out: rate limit")]
        assert sum(stated) + len(cast.shown.encode()) == len(shown)
        assert cast.summary["leftOut"] == sum(stated) > 1_000_000
        assert cast.summary["failure"] is None
        assert cast.cat().decode() == cast.shown


def test_session_that_reaches_its_size_ends_with_74_and_says_so(tmp_path: Path) -> None:
    with running_agent(tmp_path, options=("--session-size=64Ki",)) as agent:
        with agent.shell("-c", "seq 100000; echo never") as shell:
            assert shell.wait() == 74
        assert b"the recording has reached its size limit of 64Ki (open a new shell" in shell.shown
        cast = agent.cast()
        assert cast.path.stat().st_size < 66_000
        assert cast.markers[-2].endswith(" bytes left out: size limit of 64Ki")
        assert cast.markers[-1].startswith("session ended: the recording has reached its size limit of 64Ki")
        wait_for(lambda: agent.status()["recordingFailures"] == 1, "the failure")
        assert agent.run("-c", "exit 3").returncode == 3


def test_volume_below_its_floor_still_records_what_people_do(tmp_path: Path) -> None:
    """A flood there takes no room from the others: it is shown, and what of it was left out is stated."""
    with running_agent(tmp_path, volume="16m", options=("--floor=2Mi",)) as agent:
        agent.inside("sh", "-c", f"head -c 15500000 /dev/zero > {agent.folder}/recordings/ballast")
        flood = agent.run("--user=flood", "--", "seq", "300000")
        assert (flood.returncode, len(flood.stdout)) == (0, 1_988_895)
        assert any(
            text.endswith("left out: the volume has little space left")
            for text in agent.cast("flood").markers
        )
        assert agent.run("--user=calm", "-c", "echo here").stdout == b"here\n"
        assert agent.cast("calm").shown == "here\n"
        assert agent.status()["recordingFailures"] == 0
