"""What the output so far says about a terminal: literals, and that it does not matter how it is cut."""

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troubleshooter_agent.asciicast import Encoder
from troubleshooter_agent.screenstate import ScreenState

# Pieces that sequences, strings and characters are made of, so that random streams are full of them.
PIECES = st.sampled_from(
    [
        b"\x1b", b"\x1b[", b"\x1b[?", b"1049", b"47", b"25", b";", b"h", b"l", b"c", b"m", b"\x1b]0;",
        b"\x07", b"\x1b\\", b"\x1bP", b"\x18", b"\x1a", b"\n", b"\r", b"$ ls", b"\xf0\x9f", b"\x99\x82",
        b"\xc3", b"\xa9", b"\xff", b"\x1b(", b"B", b"0" * 70, b"x" * 2000,
    ]
)  # fmt: skip
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=4)), max_size=30).map(b"".join)


def after(*pieces: bytes) -> ScreenState:
    state = ScreenState()
    for piece in pieces:
        state.feed(piece)
    return state


def told(state: ScreenState) -> tuple[bool, bool, bytes | None, bool]:
    return (state.is_alternate, state.is_cursor_hidden, state.line, state.is_between)


@settings(deadline=None)
@given(STREAMS, st.lists(st.integers(0, 400), max_size=8))
def test_any_cut_of_the_stream_gives_the_same_answer(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:end] for start, end in itertools.pairwise(places)]
    assert told(after(*pieces)) == told(after(stream))
    assert told(after(*(bytes([byte]) for byte in stream))) == told(after(stream))


@settings(deadline=None)
@given(STREAMS)
def test_nothing_is_said_while_half_a_character_is_held_back(stream: bytes) -> None:
    encoder = Encoder(start=0.0)
    encoder.output(0.0, stream)
    assert not (encoder.held and after(stream).is_between)


@pytest.mark.parametrize(
    ("output", "is_alternate"),
    [
        (b"", False),
        (b"\x1b[?1049h", True),
        (b"\x1b[?1047h", True),
        (b"\x1b[?47h", True),
        (b"\x1b[?1049h...\x1b[?1049l", False),
        (b"\x1b[?47h...\x1b[?1047l", False),
        (b"\x1b[?1049l\x1b[?1049h", True),
        (b"\x1b[?1049hvim\x1b[?25l\x1b[?2004h", True),
        (b"\x1b[?1049h\x1bc", False),
        (b"\x1bc\x1b[?1049h", True),
        (b"\x1b[?1;1049;25h", True),
        (b"\x1b[?1048h", False),
        (b"\x1b[?10490h", False),
        (b"\x1b[1049h", False),
        (b"\x1b[?1049", False),
        (b"\x1b[?1049$p", False),
        (b"?1049h", False),
        (b"\x1b]0;a title\x1b[?1049h", True),
    ],
)
def test_alternate_screen_as_the_last_order_says(output: bytes, *, is_alternate: bool) -> None:
    """The last: an ESC within a string ends it and begins the next sequence."""
    assert after(output).is_alternate is is_alternate


@pytest.mark.parametrize(
    ("output", "is_hidden"),
    [
        (b"\x1b[?25l", True),
        (b"\x1b[?25l\x1b[?25h", False),
        (b"\x1b[?25l\x1bc", False),
        (b"\x1b[?1;25l", True),
    ],
)
def test_cursor_is_hidden_until_it_is_shown(output: bytes, *, is_hidden: bool) -> None:
    assert after(output).is_cursor_hidden is is_hidden


@pytest.mark.parametrize(
    "output",
    [
        b"", b"plain", b"\x1b[31m", b"\x1b[m text", b"\x1bM", b"\x1b(B", b"\x1b]0;title\x07",
        b"\x1b]8;;\x1b\\", b"\x1bPq#0\x1b\\", b"\x1bPq\x18", b"\x1b[12\x1a", "é€🙂".encode(), b"\xff",
        b"\xa9", b"\xed\xa0\x80", b"\x1b[31\x1bc",
    ],
)  # fmt: skip
def test_output_that_ends_between_two_sequences(output: bytes) -> None:
    assert after(output).is_between


@pytest.mark.parametrize(
    "output",
    [
        b"\x1b", b"\x1b[", b"\x1b[31", b"\x1b[?1049", b"\x1b(", b"\x1b[ ", b"\x1b]0;title",
        b"\x1b]52;c;" + b"QUJD" * 9999,
        b"\x1bPq#0\x07", b"\x1b_G", b"\x1b^", b"\x1bktitle", b"\x1b]0;title\x1b", b"\xc3", b"\xe2\x82",
        b"\xf0\x9f\x99",
        b"\x1b[" + b"1;" * 500,
    ],
)  # fmt: skip
def test_output_that_ends_in_the_middle(output: bytes) -> None:
    assert not after(output).is_between


@pytest.mark.parametrize(
    ("output", "line"),
    [
        (b"", b""),
        (b"one\r\n$ ls", b"$ ls"),
        (b"one\r\n", b""),
        (b"45%\r46%", b"45%\r46%"),
        (b"x" * 4096, b"x" * 4096),
        (b"x" * 4097, None),
        (b"x" * 5000 + b"\n$ ", b"$ "),
    ],
)
def test_line_is_what_came_since_the_last_line_end(output: bytes, line: bytes | None) -> None:
    assert after(output).line == line


@pytest.mark.parametrize(
    "output",
    [
        b"\x1b[?" + b"47;" * 80_000,
        b"\x1b[?47" + b";1" * 120_000 + b"!",
        b"\x1b[?" * 80_000,
        b"\x1b]" + b"x" * 250_000,
        b"\x1b[" + b"0" * 250_000 + b"\xff",
    ],
)
def test_hostile_output_takes_no_longer_than_its_length(output: bytes) -> None:
    """A pattern that tries again and again would take minutes."""
    started = time.process_time()
    after(output)
    assert time.process_time() - started < 0.5
