"""Says what the toolbox has to say in a person's terminal, without leaving dirt; called by `relay`.

It decides when (never within an escape sequence of the program) and where: on a line of its own, or on
the last line of a full-screen program, which then draws its screen again. It writes nothing itself:
`show` records and relays.
"""

import termios
from collections.abc import Callable
from typing import Final

from troubleshooter_agent import announcement
from troubleshooter_agent.repaint import Repaint
from troubleshooter_agent.screenstate import ScreenState

WAIT_SECONDS: Final = 0.5  # for the end of an escape sequence
NEVER: Final = float("inf")
BAR_SECONDS: Final = 5.0  # on the last line of a full-screen program
FAREWELL_SECONDS: Final = 1.0  # for what a program draws when it is hung up on, before our last words


class Announcer:
    """For one terminal, known by its master; `clock` gives seconds."""

    def __init__(self, master: int, show: Callable[[bytes], None], clock: Callable[[], float]) -> None:
        self._master = master
        self._show = show
        self._clock = clock
        self._screen = ScreenState()
        self._repaint = Repaint(master)
        self._waiting: list[str] = []
        self._last: str | None = None
        self._speak_at: float | None = None
        self._clean_at: float | None = None

    @property
    def due(self) -> float:
        """When `look` has something to do at the latest."""
        if self._is_idle():
            return NEVER
        times = (self._speak_at, self._clean_at, self._repaint.due)
        return min(time for time in times if time is not None)

    def say(self, text: str) -> None:
        """Say one sentence, now or as soon as the program's output is between two sequences."""
        self._waiting.append(text)
        self._speak_at = self._speak_at or self._clock() + WAIT_SECONDS
        self._speak_between()

    def say_after_gap(self, text: str) -> None:
        """Say one sentence at once in a terminal that was not shown all, so may be anywhere in it."""
        self._show(announcement.BREAK_OFF)
        if self._is_full_screen():
            self._say_on_screen(text)
            self._repaint.ask(self._clock())
        else:
            self._show(announcement.as_line(text, None))

    def say_last(self, text: str) -> None:
        """The last words of a session: when its program has ended, or soon if it does not.

        Editors draw something when they are hung up on, which would be drawn over words said before.
        """
        self._waiting.clear()
        self._clean_at = None
        self._last = text
        self._speak_at = self._clock() + FAREWELL_SECONDS

    def redraw(self) -> None:
        """Have drawn again what the person was looking at: their line, or the whole screen."""
        line = None if self._is_full_screen() else announcement.line_again(self._screen.line)
        if line is None:
            self._repaint.ask(self._clock())
        else:
            self._show(b"\r" + line)

    def saw(self, output: bytes) -> None:
        """Take up what the program printed, after it was shown."""
        self._screen.feed(output)
        if not self._is_idle():
            self._repaint.saw(output)
            self._speak_between()

    def resized(self) -> None:
        """The terminal has got the size that the person's has."""
        self._repaint.resized()

    def look(self) -> None:
        """Do what is due."""
        if self._is_idle():
            return
        now = self._clock()
        if self._speak_at is not None and now >= self._speak_at:
            self.flush()
        if self._clean_at is not None and now >= self._clean_at:
            self._clean(now)
        self._repaint.look(now)

    def flush(self) -> None:
        """Say what still waits, whatever the output is in the middle of."""
        if self._speak_at is None:
            return
        self._speak_at = None
        if not self._screen.is_between:
            self._show(announcement.BREAK_OFF)
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            self._speak(text)
        if self._last is not None:
            self._show(announcement.last_words(self._last))

    def _is_idle(self) -> bool:
        """Nearly always; asked at every key, so it is quick."""
        return self._speak_at is None and self._clean_at is None and self._repaint.due is None

    def _speak_between(self) -> None:
        if self._waiting and self._screen.is_between:
            self.flush()

    def _speak(self, text: str) -> None:
        if self._is_full_screen():
            self._say_on_screen(text)
            return
        line = self._screen.line
        self._show(announcement.as_line(text, line))
        if announcement.line_again(line) is None and not self._is_cooked():
            self._repaint.ask(self._clock())

    def _say_on_screen(self, text: str) -> None:
        self._show(announcement.as_bar(text, self._repaint.size))
        self._clean_at = self._clock() + BAR_SECONDS

    def _clean(self, now: float) -> None:
        self._clean_at = None
        if self._is_full_screen() and self._screen.is_between:
            self._show(announcement.without_bar(self._repaint.size))
            self._repaint.ask(now)

    def _is_full_screen(self) -> bool:
        """By the alternate screen; without one by how a program draws, where it also reads keys raw."""
        if self._screen.is_alternate:
            return True
        line = self._screen.line
        draws = self._screen.is_cursor_hidden or (line is not None and announcement.is_elsewhere(line))
        return draws and not self._is_cooked()

    def _is_cooked(self) -> bool:
        try:
            return bool(termios.tcgetattr(self._master)[3] & termios.ICANON)
        except termios.error:  # nobody has the terminal any more
            return True


class Mute:
    """In place of an announcer where there is no terminal, and so nobody to tell."""

    due: Final = NEVER

    def say(self, text: str) -> None:
        pass

    say_after_gap = say_last = say

    def redraw(self) -> None:
        pass

    flush = look = resized = redraw

    def saw(self, output: bytes) -> None:
        pass
