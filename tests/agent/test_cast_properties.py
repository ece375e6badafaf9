"""What holds for any bytes that a program may print, and for any file that a crash may leave."""

import json
from pathlib import Path

import players
import pytest
from casts import Cast
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from verdict import exact

from troubleshooter_agent.asciicast import Encoder, NotACastError, header_line, parse_event, parse_header
from troubleshooter_agent.repair import examine, examine_file

pytestmark = pytest.mark.property

PIECES = [
    b"\xc3",
    b"\xa9",
    b"\xf0\x9f",
    b"\x99\x82",
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b"\xff",
    b"\0",
    b"\x1b[2J",
    b"\r\n",
]
printed = st.lists(st.one_of(st.binary(max_size=20), st.sampled_from(PIECES), st.text().map(str.encode)))
any_text = st.text(st.characters() | st.sampled_from("\udcff\ud800\u2028\0"))  # lone surrogates too
instants = st.floats(min_value=-10, max_value=1e9, allow_nan=False)


def lines_of(chunks: list[bytes], times: list[float]) -> tuple[bytes, bytes]:
    """A cast of what was printed, and what was let through to the person."""
    encoder = Encoder(start=0.0)
    lines, relayed = first_lines() + encoder.marker(0.0, "recording started"), b""
    for chunk, time in zip(chunks, times, strict=False):
        line, relay = encoder.output(time, chunk)
        lines, relayed = lines + line, relayed + relay
    line, relay = encoder.flush(max(times, default=0.0))
    return lines + line, relayed + relay


def first_lines(title: str = "", user: str = "") -> bytes:
    return header_line(size=(80, 24), timestamp=1, title=title, env={"TERM": title}, session={"user": user})


def events_of(lines: bytes) -> Cast:
    header, *events = map(json.loads, lines.decode().split("\n")[:-1])
    return Cast(Path(), header, tuple((time, code, text) for time, code, text in events))


@examples
@given(chunks=printed, times=st.lists(instants, min_size=60, max_size=60))
def test_nothing_that_is_printed_is_lost_wherever_it_is_cut(chunks: list[bytes], times: list[float]) -> None:
    """Also where the clock steps back."""
    lines, relayed = lines_of(chunks, times)
    content = b"".join(chunks[: len(times)])
    assert relayed == content
    assert exact(events_of(lines)) == content
    assert players.refuses(lines) == ""
    assert all(parse_event(line).text is not None for line in lines.splitlines(keepends=True)[1:])


@examples
@given(title=any_text, user=any_text, marker=any_text, size=st.tuples(st.integers(), st.integers()))
def test_players_take_any_text_and_any_size(
    title: str, user: str, marker: str, size: tuple[int, int]
) -> None:
    encoder = Encoder(start=0.0)
    lines = first_lines(title, user) + encoder.marker(0.0, marker) + encoder.resize(0.1, *size)
    assert players.refuses(lines) == ""
    assert (
        parse_header(lines.partition(b"\n")[0])["troubleshooter"]["user"]
        == user.encode(errors="replace").decode()
    )


@examples
@given(chunks=printed, cut=st.integers(min_value=0), tail=st.binary(max_size=60), reason=any_text)
def test_whatever_a_crash_leaves_of_a_cast_opens_after_its_repair(
    chunks: list[bytes], cut: int, tail: bytes, reason: str
) -> None:
    """Every event that was whole is kept, and a second repair finds nothing to do."""
    lines = lines_of(chunks, [0.5] * len(chunks))[0]
    cast = lines[: cut % (len(lines) + 1)] + tail
    found = examine(cast, reason)
    mended = cast[: found.keep] + found.append
    assert players.refuses(mended) == ""
    assert mended.startswith(whole_lines_of(lines[: cut % (len(lines) + 1)]))
    assert not examine(mended, "another reason").is_needed
    assert examine_file(lambda offset, length: cast[offset : offset + length], len(cast), reason) == found


def whole_lines_of(cast: bytes) -> bytes:
    return cast[: cast.rfind(b"\n") + 1]


@examples
@given(line=st.one_of(st.binary(), st.text().map(str.encode)))
def test_any_line_is_an_event_or_refused(line: bytes) -> None:
    for parse in (parse_event, parse_header):
        try:
            parse(line)
        except NotACastError:
            continue
