"""The terminal in memory: cases that real programs make, and that nothing a stranger prints breaks it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from screens import PAINTED, lines, looks, shown


def cell(text: str, x: int, y: int = 0) -> tuple[str, str]:
    """What a cell shows, and in which style."""
    found = shown(10, 3, text).screen.buffer[y][x]
    return found.data, found.fg


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abc\r\nde", ["abc", "de", ""]),
        ("0123456789ab", ["0123456789", "ab", ""]),
        ("0123456789\rx", ["x123456789", "", ""]),
        ("\x1b[?7l0123456789abc", ["012345678c", "", ""]),
        ("a\r\nb\r\nc\r\nd", ["b", "c", "d"]),
        ("a\r\nb\r\nc\x1b[1;1H\x1bMd", ["d", "a", "b"]),
        ("\x1b[2;3rA\x1b[3;1HB\nC", ["A", "B", " C"]),
        ("\x1b[1;2rA\x1b[3;1HB\nC\x1b[1AD", ["A", "  D", "BC"]),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[M", ["a", "c", ""]),
        ("a\r\n\r\nc\x1b[1;1H\x1b[M", ["", "c", ""]),
        ("a\r\nb\x1b[1;1H\x1b[2L", ["", "", "a"]),
        ("abcdef\x1b[3G\x1b[2P", ["abef", "", ""]),
        ("abcdef\x1b[3G\x1b[2@", ["ab  cdef", "", ""]),
        ("abcdef\x1b[3G\x1b[4hXY\x1b[4lZ", ["abXYZdef", "", ""]),
        ("abcdef\x1b[3G\x1b[2X", ["ab  ef", "", ""]),
        ("abc\x1b[3b", ["abcccc", "", ""]),
        ("a\x1b[2S", ["", "", ""]),
        ("a\x1b[T", ["", "a", ""]),
        ("ab\x1b7cd\x1b8X\x1b8Y", ["abYd", "", ""]),
        ("ab\x1b[scd\x1b[uX", ["abXd", "", ""]),
        ("\x1b(0lqk\x1b(Bq", ["┌─┐q", "", ""]),
        ("\x1b)0\x0elqk\x0fq", ["┌─┐q", "", ""]),
        ("日本x", ["日本x", "", ""]),
        ("012345678日", ["012345678", "日", ""]),
        ("e\u0301x", ["e\u0301x", "", ""]),
        ("👩\u200dx", ["👩\u200dx", "", ""]),
        ("a\x1b[?1049hfull\x1b[?1049lb", ["ab", "", ""]),
        ("a\x1b[?1049hfull", [" full", "", ""]),
        ("a\x1b[?47hfull\x1b[?47lb", ["a    b", "", ""]),
        ("abc\x1bcd", ["d", "", ""]),
        ("a\tb\tc", ["a       bc", "", ""]),
        ("\x1b[9Ga\x1b[Zb", ["        b", "", ""]),
        ("\x1b]0;a title\x07b\x1b[6n\x1b[?2004hc", ["bc", "", ""]),
    ],
)  # fmt: skip
def test_screen_of_ten_columns_and_three_rows(text: str, expected: list[str]) -> None:
    assert lines(shown(10, 3, text)) == expected


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("x", ""),
        ("\x1b[1;31mx", "1;31"),
        ("\x1b[31;1mx", "1;31"),
        ("\x1b[1m\x1b[2m\x1b[22mx", ""),
        ("\x1b[38;5;12;4mx", "38;5;12;4"),
        ("\x1b[38;2;1;2;3mx", "38;2;1;2;3"),
        ("\x1b[38:2::1:2:3mx", "38:2::1:2:3"),
        ("\x1b[4:3mx", "4:3"),
        ("\x1b[4:3m\x1b[4:0mx", ""),
        ("\x1b[97;101mx", "101;97"),
        ("\x1b[31m\x1b[39mx", ""),
        ("\x1b[2;8;53mx", "2;8;53"),
        ("\x1b[38;5mx", ""),
        ("\x1b[38;7;1mx", "1"),
        ("\x1b[999mx", ""),
        ("\x1b[1m\x1b7\x1b[0;3m\x1b8x", "1"),
        ("\x1b[1m\x1b[0;3mx", "3"),
        ("\x1b[1m\x1b[mx", ""),
    ],
)
def test_style_of_a_cell(text: str, style: str) -> None:
    assert cell(text, 0) == ("x", style)


@pytest.mark.parametrize("erase", ["\x1b[K", "\x1b[2J", "\x1b[3X", "\x1b[1J"])
def test_erasing_leaves_the_background_and_no_more(erase: str) -> None:
    assert cell(f"\x1b[1;4;44m{erase}", 0) == (" ", "44")


@pytest.mark.parametrize(
    ("shift", "colours"), [("\x1b[P", ["44", "44", "41"]), ("\x1b[@", ["44", "41", "44"])]
)
def test_what_moves_in_has_the_background_and_what_moves_keeps_its_own(
    shift: str, colours: list[str]
) -> None:
    """The line scrolled in, so that nothing was ever written there; the cursor is in its second column."""
    text = f"\x1b[44m\x1b[T\x1b[41m\x1b[2G{shift}"
    assert [cell(text, x) for x in (0, 1, 9)] == [(" ", colour) for colour in colours]


def test_smaller_window_keeps_the_line_of_the_cursor() -> None:
    terminal = shown(10, 4, "a\r\nb\r\nc\r\nd")
    terminal.screen.resize(2, 5)
    assert lines(terminal) == ["c", "d"]
    terminal.screen.resize(3, 5)
    terminal.feed("efghij")
    assert lines(terminal) == ["c", "defgh", "ij"]


@given(PAINTED, st.integers(1, 12), st.integers(1, 5))
def test_painting_makes_another_terminal_alike(text: str, columns: int, rows: int) -> None:
    terminal = shown(columns, rows, text)
    assert looks(shown(columns, rows, "dirt\x1b[31m", looks(terminal))) == looks(terminal)


@given(PAINTED, PAINTED, st.integers(2, 12), st.integers(1, 5))
def test_and_it_stays_alike(text: str, later: str, columns: int, rows: int) -> None:
    terminal = shown(columns, rows, text)
    other = shown(columns, rows, looks(terminal))
    terminal.feed(later)
    other.feed(later)
    assert looks(other) == looks(terminal)


@given(
    st.text(alphabet="\x1b[]?;:0123456789()#@ABCDEFGHIJKLMPSTXZ`abdefhlmrsu78c\n\r\té日\u0301x", max_size=60)
)
def test_no_output_breaks_it(text: str) -> None:
    looks(shown(7, 3, text))


@pytest.mark.parametrize(
    "text",
    ["\x1b7" * 100_000, "\u0301" * 100_000, "\x1b[?7l" + "x" * 200_000, "x\x1b[65535b" * 10,
     "\x1b[65535S" * 2000,
     "\x1b[99999L\x1b[99999@" * 500,
     "".join(f"\x1b[38;2;{n};1;1mx" for n in range(20_000)), "\x1b[?1049h" * 20_000],
    ids=["saved", "combining", "no wrapping", "repeats", "scrolls", "inserts", "colours", "screens"],
)  # fmt: skip
def test_hostile_output_takes_no_longer_than_other(text: str) -> None:
    begin = time.process_time()
    shown(80, 24, text)
    assert time.process_time() - begin < 5
