"""What a terminal shows at each instant of a cast, line by line; pure. pyte is the terminal."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import pyte

LONGEST_WAIT: Final = 1.2  # seconds; whoever looks at a picture waits for nothing
SHORTEST_FRAME: Final = 0.04  # seconds; what follows sooner is one frame


@dataclass(frozen=True)
class Run:
    """Text of one style, at a column."""

    column: int
    text: str
    colour: str
    bold: bool


@dataclass(frozen=True)
class Line:
    """One line of the screen; `cursor` is its column, if the cursor is in it."""

    runs: tuple[Run, ...]
    cursor: int | None


@dataclass(frozen=True)
class Frame:
    """The screen from `at` on, in seconds of the picture."""

    at: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Recording:
    title: str
    columns: int
    frames: tuple[Frame, ...]


def replayed(cast: Sequence[str]) -> Recording:
    """The frames of a cast, given line by line."""
    header = json.loads(cast[0])
    screen = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(screen)
    frames: list[Frame] = []
    for at, text in _output(cast[1:]):
        stream.feed(text)
        frame = Frame(at, tuple(_line(screen, row) for row in range(screen.lines)))
        if frames and at - frames[-1].at < SHORTEST_FRAME:
            frame = Frame(frames.pop().at, frame.lines)
        frames.append(frame)
    return Recording(header["title"], header["width"], tuple(frames))


def _output(events: Sequence[str]) -> Iterator[tuple[float, str]]:
    """What is printed, and when in the picture."""
    before = at = 0.0
    for line in events:
        time, code, text = json.loads(line)
        if code == "o":
            at += min(time - before, LONGEST_WAIT)
            before = time
            yield at, text


def _line(screen: pyte.Screen, row: int) -> Line:
    cells = [(column, screen.buffer[row][column]) for column in range(screen.columns)]
    while cells and cells[-1][1].data == " ":
        cells.pop()
    runs = tuple(_runs(cells))
    return Line(runs, screen.cursor.x if screen.cursor.y == row and not screen.cursor.hidden else None)


def _runs(cells: Sequence[tuple[int, Any]]) -> Iterator[Run]:
    for (colour, bold), group in groupby(cells, lambda cell: (cell[1].fg, cell[1].bold)):
        run = list(group)
        yield Run(run[0][0], "".join(char.data for _, char in run), colour, bold)
