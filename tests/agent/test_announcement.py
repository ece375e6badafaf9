"""What the toolbox says, as bytes and as a terminal shows them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painted import Paint, painted
from screens import lines, shown

from troubleshooter_agent.announcement import (
    as_bar,
    as_line,
    is_elsewhere,
    last_words,
    line_again,
    without_bar,
)

TEXT = "idle: this toolbox ends in 10s"
SAID = f"[troubleshooter] {TEXT}"


@pytest.mark.parametrize(
    ("line", "output"),
    [
        (b"", b"[troubleshooter] hi\r\n"),
        (b"\x1b[?2004l\r", b"[troubleshooter] hi\r\n\x1b[?2004l\r"),
        (b"$ ls", b"\r\n[troubleshooter] hi\r\n$ ls"),
        (b"45%\r", b"\r\n[troubleshooter] hi\r\n45%\r"),
        (None, b"\r\n[troubleshooter] hi\r\n"),
        (b"$ two rows\r\x1b[A", b"\r\n\x1b[J[troubleshooter] hi\r\n$ two rows\r\x1b[A"),
    ],
    ids=[
        "at the beginning",
        "nothing visible",
        "a command",
        "a progress bar",
        "unknown",
        "cursor further up",
    ],
)
def test_text_gets_a_line_of_its_own_and_the_line_comes_again(line: bytes | None, output: bytes) -> None:
    assert as_line("hi", line) == output


@pytest.mark.parametrize(
    ("line", "again"),
    [
        (b"$ ls -l", b"$ ls -l"),
        (b"\x1b[1;32m$\x1b[0m l\x08\x1b[K\x1b[?2004h", b"\x1b[1;32m$\x1b[0m l\x08\x1b[K\x1b[?2004h"),
        (b"\x1b]0;title\x07$ ", b"$ "),
        (b"\x1b]52;c;QUJD\x1b\\$ ", b"$ "),
        (b"\x07\x05$ ", b"$ "),
        (b"\x1b[6n\x1b[c\x1b[>c\x1b[?u\x1bP$qm\x1b\\$ ", b"$ "),
        (b"\x1b[23;0;0t\x1b[>4;m$ ", b"$ "),
        (b"less\x1b[3;4H\x1b[?1049l$ ", b"$ "),
        (b"old\x1b[H\x1b[2J$ new", b"$ new"),
        (b"\x1b[5;1H$ ", None),
        (b"\x1b7\x1b[24;0f45%\x1b8", None),
        (b"\x1bM", None),
        (b"\x1b[r", None),
        (b"a\x0bb", None),
        (b"\xc2\x9b6n$ ", None),
        (b"$ \x1b[3", None),
        (b"$ \x1b]0;half", None),
    ],
)
def test_line_is_drawn_again_without_what_asks_or_orders(line: bytes, again: bytes | None) -> None:
    """A terminal would answer a second time, and the answer is typed at the program."""
    assert line_again(line) == again


QUESTIONS = st.sampled_from(
    [b"\x1b[", b"\x1b", b"6", b"n", b"5n", b"c", b"0c", b"\x1b[6n", b"\x1b[c", b"\x1b]", b"\x07", b"$"]
)


@settings(deadline=None)
@given(st.lists(QUESTIONS, max_size=8).map(b"".join))
def test_no_line_makes_a_terminal_answer(line: bytes) -> None:
    paint = Paint(80, 24)
    paint.show(line_again(line) or b"")
    assert paint.answers == []


def test_terminal_of_this_test_does_answer() -> None:
    paint = Paint(80, 24)
    paint.show(b"\x1b[6n")
    assert paint.answers == ["\x1b[1;1R"]


def test_programs_of_a_whole_screen_are_known_by_how_they_draw() -> None:
    assert is_elsewhere(b"\x1b[24;1Hstatus")
    assert not is_elsewhere(b"\x1b[H\x1b[2J$ ls\x1b[K\x1b[A\x1b[3C")


@pytest.mark.parametrize("typed", ["echo half", "echo " + "long " * 40])
def test_half_typed_command_stands_below_the_text_as_it_was(typed: str) -> None:
    """Also one of several rows, with the cursor where it was."""
    paint = Paint(60, 12)
    line = f"$ {typed}\r\x1b[A\x1b[2C".encode() if len(typed) > 60 else f"$ {typed}\x08\x08".encode()
    before = paint.show(b"output\r\n" * 11 + line)
    after = paint.show(as_line(TEXT, line))
    height = -(-len(f"$ {typed}") // 60)
    assert after.rows[-height:] == before.rows[-height:]
    assert after.cursor == before.cursor
    assert after.rows[-height - 1] == SAID


def test_bar_covers_the_last_line_and_nothing_else() -> None:
    paint = Paint(60, 12)
    before = paint.show(
        b"".join(b"\x1b[%d;1Hrow %d" % (row, row) for row in range(1, 13)) + b"\x1b[31m\x1b[4;7H"
    )
    with_bar = paint.show(as_bar(TEXT, (60, 12)))
    assert with_bar.rows == (*before.rows[:-1], SAID)
    assert with_bar.cursor == before.cursor
    assert paint.is_reverse(11)
    assert paint.show(without_bar((60, 12))).rows == (*before.rows[:-1], "")
    assert paint.show(b"x").cursor == (before.cursor[0] + 1, before.cursor[1])
    assert not paint.is_reverse(3)


@pytest.mark.parametrize(("size", "columns", "rows"), [((20, 5), 20, 5), ((0, 0), 80, 24), ((1, 1), 1, 1)])
def test_bar_is_cut_to_the_terminal(size: tuple[int, int], columns: int, rows: int) -> None:
    """One without a size is taken for 80x24, as programs do."""
    shown = painted(as_bar(TEXT, size), columns, rows)
    assert shown.rows == (*[""] * (rows - 1), SAID[:columns].rstrip())
    assert shown.cursor == (0, 0)


def test_last_words_find_an_ordinary_terminal() -> None:
    reset = b"\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m"
    assert last_words("over") == reset + b"\r\n[troubleshooter] over\r\n"
    assert last_words("") == reset


def test_last_words_stand_below_what_was_there_before() -> None:
    """Also where leaving a screen that is not on moves the cursor to the corner."""
    terminal = shown(40, 5, "$ ls\r\nfile\r\n$ ", last_words("over").decode())
    assert lines(terminal) == ["$ ls", "file", "$", "[troubleshooter] over", ""]
