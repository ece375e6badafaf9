"""A replayed recording as an SVG that moves by CSS alone: no script, no font, nothing from elsewhere; pure.

Each state of each line is drawn once, and shown from its first instant to its last. What shows no animation,
or is asked for none, has the last screen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from replaying import Frame, Line, Run

WIDTH, HEIGHT = 8.4, 19  # of a cell; text is stretched to it, whatever the font
MARGIN, TITLE = 14, 34
REST: Final = 5.0  # seconds that the last screen stays
INK, PAPER, FRAME, DIM = "#d6dce4", "#12161c", "#2b323c", "#8b95a3"
COLOURS: Final = {
    "black": "#5b6572", "red": "#ff7b72", "green": "#7ee787", "brown": "#e3b341", "blue": "#79c0ff",
    "magenta": "#d2a8ff", "cyan": "#76e3ea", "white": "#f0f3f6",
}  # fmt: skip
FONT: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


@dataclass(frozen=True)
class State:
    """A line of the screen from one instant until another; None: to the end."""

    row: int
    line: Line
    since: float
    until: float | None


def picture(title: str, columns: int, frames: Sequence[Frame]) -> str:
    """The whole SVG."""
    seconds = frames[-1].at + REST
    rows = 1 + max(row for frame in frames for row, line in enumerate(frame.lines) if line.runs)
    width, height = round(2 * MARGIN + columns * WIDTH), TITLE + rows * HEIGHT + MARGIN
    shown = [state for row in range(rows) for state in states(row, frames)]
    body = "\n".join(_state(number, state) for number, state in enumerate(shown))
    moves = "\n".join(_keyframes(number, state, seconds) for number, state in enumerate(shown))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>{escape(title)}</title>
<style>
text{{font:14px {FONT};fill:{INK};white-space:pre}}
g{{visibility:hidden;animation:{seconds:.2f}s step-end infinite}}
g.end{{visibility:visible}}
@media (prefers-reduced-motion){{g{{animation-duration:0s}}}}
{moves}
</style>
<rect width="{width}" height="{height}" rx="8" fill="{PAPER}" stroke="{FRAME}"/>
<circle cx="{MARGIN + 5}" cy="17" r="5" fill="#ff5f57"/>
<text x="{MARGIN + 18}" y="22" style="fill:{DIM}">{escape(title)}</text>
{body}
</svg>
"""


def states(row: int, frames: Sequence[Frame]) -> Iterator[State]:
    """What a line of the screen is in turn, but for when it is empty."""
    line, since = Line((), None), 0.0
    for frame in frames:
        if frame.lines[row] != line:
            if line.runs or line.cursor is not None:
                yield State(row, line, since, frame.at)
            line, since = frame.lines[row], frame.at
    if line.runs or line.cursor is not None:
        yield State(row, line, since, None)


def _state(number: int, state: State) -> str:
    top = TITLE + state.row * HEIGHT
    end = "" if state.until is not None else ' class="end"'
    cursor = "" if state.line.cursor is None else _cursor(state.line.cursor, top)
    drawn = "".join(_text(run, top) for run in state.line.runs)
    return f'<g{end} style="animation-name:m{number}">{cursor}{drawn}</g>'


def _cursor(column: int, top: int) -> str:
    return f'<rect x="{_x(column)}" y="{top}" width="{WIDTH}" height="{HEIGHT - 2}" fill="{DIM}"/>'


def _text(run: Run, top: int) -> str:
    colour = COLOURS.get(run.colour.removeprefix("bright"))
    style = (f"fill:{colour};" if colour else "") + ("font-weight:bold" if run.bold else "")
    shown = f' style="{style}"' if style else ""
    length = f'{len(run.text) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs'
    return f'<text x="{_x(run.column)}" y="{top + 14}" textLength="{length}"{shown}>{escape(run.text)}</text>'


def _keyframes(number: int, state: State, seconds: float) -> str:
    steps = [(0.0, "hidden"), (state.since, "visible")]
    if state.until is not None:
        steps.append((state.until, "hidden"))
    moves = "".join(f"{100 * at / seconds:.2f}%{{visibility:{how}}}" for at, how in steps)
    return f"@keyframes m{number}{{{moves}}}"


def _x(column: int) -> str:
    return f"{MARGIN + column * WIDTH:.1f}"
