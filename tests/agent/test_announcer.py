"""When the toolbox speaks, and how a program is asked to draw: real terminals, a clock by hand."""

import fcntl
import os
import struct
import termios
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from troubleshooter_agent.announcer import Announcer
from troubleshooter_agent.repaint import Repaint

BAR = b"\x1b7\x1b[24;1H"
NO_BAR = b"\x1b7\x1b[24;1H\x1b[0m\x1b[K\x1b8"


@dataclass
class Stage:
    """An announcer of a terminal that nobody uses; `shown` is what it had shown."""

    master: int
    slave: int
    now: float = 100.0
    shown: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.announcer = Announcer(self.master, self.shown.append, lambda: self.now)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.announcer.look()


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    resize(master, 80, 24)
    yield master, slave
    os.close(master)
    os.close(slave)


@pytest.fixture
def stage(terminal: tuple[int, int]) -> Stage:
    return Stage(*terminal)


def resize(fd: int, columns: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def size(fd: int) -> tuple[int, int]:
    columns, rows = os.get_terminal_size(fd)
    return columns, rows


def test_text_waits_for_the_end_of_a_sequence(stage: Stage) -> None:
    stage.announcer.saw(b"\x1b[3")
    stage.announcer.say("hi")
    stage.wait(0.4)
    assert stage.shown == []
    stage.announcer.saw(b"1mred")
    assert stage.shown == [b"\r\n[troubleshooter] hi\r\n\x1b[31mred"]
    assert stage.announcer.due == float("inf")


@pytest.mark.parametrize("start", [b"\x1b]0;title", b"\x1b[3", b"\xf0\x9f"])
def test_text_waits_at_most_half_a_second(stage: Stage, start: bytes) -> None:
    """Then it ends what the terminal is in the middle of, or a string would swallow it."""
    stage.announcer.saw(start)
    stage.announcer.say("one")
    stage.announcer.say("two")
    assert stage.announcer.due == 100.5
    stage.wait(0.5)
    said = b"".join(stage.shown)
    assert said.startswith(b"\x1b\\")
    assert said.index(b"[troubleshooter] one\r\n") < said.index(b"[troubleshooter] two\r\n")


LAST_WORDS = b"\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m\r\n[troubleshooter] over\r\n"


def test_last_words_wait_a_second_for_the_program_and_nothing_is_drawn_after_them(stage: Stage) -> None:
    stage.announcer.saw(b"\x1b[?1049heditor")
    stage.announcer.say("soon")
    stage.announcer.saw(b"\x1b[")
    stage.announcer.say("never said")
    stage.shown.clear()
    stage.announcer.say_last("over")
    stage.wait(0.9)
    assert stage.shown == []
    stage.wait(0.1)
    assert stage.shown == [b"\x1b\\", LAST_WORDS]
    stage.wait(10.0)
    assert stage.shown == [b"\x1b\\", LAST_WORDS]


def test_last_words_stand_below_what_an_editor_draws_when_it_is_hung_up_on(stage: Stage) -> None:
    stage.announcer.saw(b"\x1b[?1049heditor")
    stage.announcer.say_last("over")
    stage.announcer.saw(b"\x1b[?1049leditor: caught a hang-up\r\n")
    stage.announcer.flush()
    assert stage.shown == [LAST_WORDS]


def test_bar_in_a_full_screen_program_is_taken_away_after_five_seconds(stage: Stage) -> None:
    stage.announcer.saw(b"\x1b[?1049h\x1b[31mtext")
    stage.announcer.say("soon")
    (bar,) = stage.shown
    assert bar.startswith(BAR)
    assert b"[troubleshooter] soon" in bar
    stage.wait(4.9)
    assert stage.shown == [bar]
    stage.wait(0.1)
    assert stage.shown == [bar, NO_BAR]


def test_bar_of_a_program_that_has_ended_is_gone_with_its_screen(stage: Stage) -> None:
    stage.announcer.saw(b"\x1b[?1049htext")
    stage.announcer.say("soon")
    stage.announcer.saw(b"\x1b[?1049l$ ")
    stage.shown.clear()
    stage.wait(5.0)
    assert stage.shown == []
    assert stage.announcer.due == float("inf")


@pytest.mark.parametrize("output", [b"\x1b[?25l\x1b[Htop", b"\x1b[24;1Hstatus"])
def test_program_without_an_alternate_screen_is_known_by_raw_keys_and_how_it_draws(
    stage: Stage, output: bytes
) -> None:
    """What hides the cursor while keys are the kernel's is a progress bar."""
    stage.announcer.saw(output)
    stage.announcer.say("cooked")
    tty.setraw(stage.slave)
    stage.announcer.say("raw")
    cooked, bar = stage.shown
    assert b"[troubleshooter] cooked\r\n" in cooked
    assert bar.startswith(BAR)


def test_line_that_is_not_known_is_asked_for(stage: Stage) -> None:
    """A command with more edits than are kept."""
    tty.setraw(stage.slave)
    stage.announcer.saw(b"x\x08" * 3000)
    stage.announcer.say("hi")
    assert stage.shown == [b"\r\n[troubleshooter] hi\r\n"]
    stage.wait(0.15)
    assert size(stage.slave) == (80, 23)


def test_redraw_shows_the_line_or_asks_for_the_screen(stage: Stage) -> None:
    """For whoever comes to a session that has been running."""
    stage.announcer.saw(b"ls\r\n$ half")
    stage.announcer.redraw()
    assert stage.shown == [b"\r$ half"]
    stage.announcer.saw(b"\x1b[?1049hvim")
    stage.announcer.redraw()
    stage.wait(0.15)
    assert stage.shown == [b"\r$ half"]
    assert size(stage.slave) == (80, 23)
    stage.wait(0.1)
    assert size(stage.slave) == (80, 24)


def test_program_that_draws_keeps_its_rows(terminal: tuple[int, int]) -> None:
    repaint = Repaint(terminal[0])
    repaint.ask(1.0)
    repaint.saw(b"12:00")
    assert repaint.due == 1.15
    repaint.saw(b"\x1b[H\x1b[2Jall of it")
    assert repaint.due is None
    assert size(terminal[1]) == (80, 24)


@pytest.mark.parametrize(("rows", "meanwhile"), [(24, 23), (2, 1), (1, 2), (65_535, 65_534)])
def test_program_that_does_not_draw_loses_a_row_for_an_instant(
    terminal: tuple[int, int], rows: int, meanwhile: int
) -> None:
    """The person's terminal has its size all the time."""
    resize(terminal[0], 80, rows)
    repaint = Repaint(terminal[0])
    repaint.ask(1.0)
    repaint.look(1.1)
    assert size(terminal[1]) == (80, rows)
    repaint.look(1.15)
    assert size(terminal[1]) == (80, meanwhile)
    assert repaint.size == (80, rows)
    repaint.saw(b"\x1b[Hdrawn for the smaller one")
    repaint.look(1.25)
    assert size(terminal[1]) == (80, rows)
    assert repaint.due is None


def test_terminal_without_a_size_keeps_it(terminal: tuple[int, int]) -> None:
    resize(terminal[0], 0, 0)
    repaint = Repaint(terminal[0])
    repaint.ask(1.0)
    repaint.look(1.2)
    assert (size(terminal[1]), repaint.due) == ((0, 0), None)


def test_resize_by_the_person_counts_more(terminal: tuple[int, int]) -> None:
    repaint = Repaint(terminal[0])
    repaint.ask(1.0)
    repaint.look(1.15)
    resize(terminal[0], 132, 50)
    repaint.resized()
    repaint.look(1.3)
    assert size(terminal[1]) == (132, 50)
    assert repaint.size == (132, 50)


def test_second_request_gives_the_row_back_first(terminal: tuple[int, int]) -> None:
    repaint = Repaint(terminal[0])
    repaint.ask(1.0)
    repaint.look(1.15)
    repaint.ask(1.2)
    assert size(terminal[1]) == (80, 24)
