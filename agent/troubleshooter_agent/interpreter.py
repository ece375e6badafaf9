"""What recorded output does to a terminal in memory: from text to calls of `emulation`'s screen.

Everything passes `neutral` first, so that here only whole sequences arrive, of which each is known.
"""

import re
from typing import TYPE_CHECKING, Final

from troubleshooter_agent.emulation import Screen
from troubleshooter_agent.neutral import Neutral

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKENS: Final = re.compile(
    r"([^\x00-\x1f\x7f-\x9f]+)"  # text
    r"|\x1b\[(\??)([0-9;:]*)([@-~])"
    r"|\x1b([#()]?.)"
    r"|(.)",
    re.DOTALL,
)
_CONTROLS: Final = {
    "\b": "backspace", "\t": "tab", "\n": "index", "\v": "index", "\f": "index", "\r": "carriage_return",
    "\x0e": "shift_out", "\x0f": "shift_in",
}  # fmt: skip
_ESCAPES: Final = {
    "7": "save_cursor", "8": "restore_cursor", "D": "index", "E": "next_line", "M": "reverse_index",
    "#8": "alignment_display",
}  # fmt: skip
_SEQUENCES: Final = {
    "@": "insert_characters", "A": "cursor_up", "B": "cursor_down", "C": "cursor_forward",
    "D": "cursor_back", "E": "cursor_down1", "F": "cursor_up1", "G": "cursor_to_column",
    "H": "cursor_position", "I": "tabs", "J": "erase_in_display", "K": "erase_in_line",
    "L": "insert_lines", "M": "delete_lines", "P": "delete_characters", "S": "scroll_up",
    "T": "scroll_down", "X": "erase_characters", "Z": "back_tabs", "`": "cursor_to_column",
    "a": "cursor_forward", "b": "repeat", "d": "cursor_to_line", "e": "cursor_down",
    "f": "cursor_position", "r": "set_margins", "s": "save_cursor", "u": "restore_cursor",
}  # fmt: skip


class Interpreter:
    """A screen that is fed with output in any pieces; `neutral` knows what else a terminal was told."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = Screen(columns, rows)
        self.neutral = Neutral()
        screen = self.screen
        self._simple: dict[str, Callable[[], None]] = {
            code: getattr(screen, name) for code, name in (_CONTROLS | _ESCAPES).items()
        }
        self._sequences: dict[str, Callable[..., None]] = {
            code: getattr(screen, name) for code, name in _SEQUENCES.items()
        }

    def feed(self, text: str) -> str:
        """Show the next piece; what of it is neutral, as it was shown."""
        shown = self.neutral.feed(text)
        self.obey(shown)
        return shown

    def obey(self, shown: str) -> None:
        """Show a piece of what has been neutralised already."""
        draw, sgr = self.screen.draw, self.screen.sgr
        for match in _TOKENS.finditer(shown):
            plain, private, parameters, final, escape, control = match.groups()
            if plain:
                draw(plain)
            elif final == "m":
                sgr(parameters)
            elif final:
                self._sequence(private, parameters, final)
            else:
                self._control(escape or control)

    def _sequence(self, private: str, parameters: str, final: str) -> None:
        numbers = [int(number) if number else 0 for number in parameters.split(";")] if parameters else []
        if private:
            for number in numbers:
                self.screen.private_mode(number, on=final == "h")
        elif final in "hl":
            self.screen.insert_mode(on=final == "h")
        else:
            self._sequences[final](*numbers)

    def _control(self, code: str) -> None:
        if code[0] in "()":
            self.screen.define_charset(code[1], code[0])
        elif code in self._simple:
            self._simple[code]()
