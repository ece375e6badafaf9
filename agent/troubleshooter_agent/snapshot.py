"""The screen at a point of a cast, for those who join a session that runs; `tail` has what comes after it.

`follow` and the client of `shell attach` use it, never a recorder. A short recording is read from its
beginning, and then all is exact. Of a long one the end is read, with what `lookback` knows from before;
then approximate are: what was drawn long ago and never again, and colours in force since then.
"""

from dataclasses import dataclass
from typing import BinaryIO, Final

from troubleshooter_agent import asciicast
from troubleshooter_agent.asciicast import Event, NotACastError, parse_header
from troubleshooter_agent.interpreter import Interpreter
from troubleshooter_agent.lines import LONGEST_LINE, resized, size_of
from troubleshooter_agent.lookback import ALTERNATE, Before, look_back
from troubleshooter_agent.neutral import INPUT_MODES
from troubleshooter_agent.painter import paint
from troubleshooter_agent.tail import event_of, line_start
from troubleshooter_agent.volume import ReadingError

WINDOW: Final = 512 << 10  # bytes of a cast that are always read: many screens, and a fifth of a second
_CLEARED_WITHIN: Final = 2 * WINDOW  # if the whole screen was drawn anew there, it is read from there on
_ONCE: Final = WINDOW // 4  # what a full-screen program draws first, and perhaps never again
# A larger one costs its reader too much, and nobody has one: then it is as if this were its size.
_LARGEST: Final = (1000, 500)


@dataclass
class Snapshot:
    """A terminal at a point of a cast; `end` is the offset in bytes where `tail` goes on."""

    interpreter: Interpreter
    end: int

    @property
    def columns(self) -> int:
        return self.interpreter.screen.columns

    @property
    def rows(self) -> int:
        return self.interpreter.screen.lines

    @property
    def is_alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return bool(self.interpreter.screen.alternate)

    @property
    def pending(self) -> str:
        """The beginning of a sequence, whose rest comes with later events (see `Neutral.pending`).

        For who shows later events as they are; `feed` knows it anyway.
        """
        return self.interpreter.neutral.pending

    def paint(self) -> bytes:
        """What makes a terminal of this size show the same, with cursor, modes and both screens."""
        return paint(self.interpreter.screen).encode()

    def input_modes(self) -> bytes:
        """What makes a terminal send the keys that the program wants; nobody who only looks needs it."""
        numbers = sorted(self.interpreter.neutral.input_modes)
        return "".join("\x1b=" if number == 66 else f"\x1b[?{number}h" for number in numbers).encode()

    def show(self, event: Event) -> str:
        """What of a later event may be shown after `paint`, which stays as it was: for many events."""
        return self.interpreter.neutral.feed(event.text) if event.code == asciicast.OUTPUT else ""

    def feed(self, event: Event) -> str:
        """The same, and `paint` goes on with it."""
        if event.code == asciicast.RESIZE and (size := resized(event.text)):
            columns, rows = _kept_small(size)
            self.interpreter.screen.resize(rows, columns)
        return self.interpreter.feed(event.text) if event.code == asciicast.OUTPUT else ""


def snapshot(cast: BinaryIO, length: int) -> Snapshot:
    """The screen after the first `length` bytes of a cast; a line cut there is left to `tail`.

    ReadingError if it has no header. 100 MB take less than half a second.
    """
    cast.seek(0)
    first = cast.readline(LONGEST_LINE)
    try:
        size = size_of(parse_header(first))
    except NotACastError as error:
        raise ReadingError(f"cannot read it: {error}") from error
    end = _last_line_end(cast, len(first), length)
    begin = len(first) if end - len(first) <= WINDOW else line_start(cast, end - WINDOW)
    before = look_back(cast, len(first), begin)
    found = Snapshot(Interpreter(*_kept_small(before.size or size)), end)
    _prepare(found, cast, before, len(first), begin)
    _read(found, cast, begin, end)
    return found


def _prepare(found: Snapshot, cast: BinaryIO, before: Before, first: int, begin: int) -> None:
    """Bring the terminal to where the reading begins."""
    if before.alternate and before.switched_at is not None:
        switched = line_start(cast, before.switched_at)
        _read(found, cast, line_start(cast, max(first, switched - _ONCE)), switched)
        found.interpreter.screen.private_mode(before.alternate, on=True)
        drawn = line_start(cast, max(before.switched_at, before.cleared_at or 0))
        _read(
            found, cast, drawn, begin if begin - drawn < _CLEARED_WITHIN else line_start(cast, drawn + _ONCE)
        )
    _set_modes(found.interpreter, before)


def _set_modes(interpreter: Interpreter, before: Before) -> None:
    for mode, is_on in before.modes.items():
        if mode in INPUT_MODES:
            interpreter.neutral.input_modes = interpreter.neutral.input_modes - {mode} | (
                {mode} if is_on else set()
            )
        elif mode not in ALTERNATE:
            interpreter.feed(f"\x1b[?{mode}{'h' if is_on else 'l'}")
    if before.margins is not None:
        interpreter.feed(f"\x1b[{before.margins}r")


def _read(found: Snapshot, cast: BinaryIO, start: int, end: int) -> None:
    cast.seek(start)
    for event in map(event_of, cast.read(max(0, end - start)).split(b"\n")):
        if event is not None:
            found.feed(event)


def _last_line_end(cast: BinaryIO, first: int, length: int) -> int:
    """Where the last whole line ends within the first `length` bytes."""
    return max(first, line_start(cast, length))


def _kept_small(size: tuple[int, int]) -> tuple[int, int]:
    return min(size[0], _LARGEST[0]), min(size[1], _LARGEST[1])
