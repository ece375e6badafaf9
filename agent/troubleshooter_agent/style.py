"""How text is painted, after any SGR (ECMA-48 8.3.117 with xterm's additions); pure.

A style is written as the parameters of the one SGR that paints it after a reset, so that two styles are
equal when these are. Called by `emulation`.
"""

from typing import Final

_ON: Final = {
    "1": "bold", "2": "faint", "3": "italic", "4": "underline", "5": "blink", "6": "blink",
    "7": "reverse", "8": "hidden", "9": "struck", "21": "underline", "53": "overline",
    **dict.fromkeys(map(str, (*range(30, 38), *range(90, 98))), "foreground"),
    **dict.fromkeys(map(str, (*range(40, 48), *range(100, 108))), "background"),
}  # fmt: skip
_OFF: Final = {
    "22": ("bold", "faint"), "23": ("italic",), "24": ("underline",), "25": ("blink",), "27": ("reverse",),
    "28": ("hidden",), "29": ("struck",), "39": ("foreground",), "49": ("background",),
    "55": ("overline",), "59": ("line",),
}  # fmt: skip
_COLOURS: Final = {"38": "foreground", "48": "background", "58": "line"}
_PARTS: Final = {"5": 1, "2": 3}  # of a colour: its number in the palette, or red, green and blue


class Style:
    """What later text will look like."""

    def __init__(self, parameters: str = "") -> None:
        self._parts: dict[str, str] = {}
        self.obey(parameters or "0")

    def obey(self, parameters: str) -> None:
        """Change as an SGR with these parameters says; what is not known changes nothing."""
        words = parameters.split(";")[::-1]
        while words:
            word = words.pop()
            first, colon, rest = word.partition(":")
            if first in _COLOURS:
                self._set_colour(first, word if colon else _colour(word, words))
            elif first == "4" and colon:
                self._set("24" if rest == "0" else "4", word)
            elif not colon:
                self._set(word.lstrip("0"), word)

    @property
    def parameters(self) -> str:
        """Those of the SGR that paints it after a reset, empty for plain text."""
        return ";".join(self._parts[key] for key in sorted(self._parts))

    @property
    def background(self) -> str:
        """The same for what is erased, which has no more than a background."""
        return self._parts.get("background", "")

    def _set(self, number: str, word: str) -> None:
        if not number:
            self._parts.clear()
        elif number in _ON:
            self._parts[_ON[number]] = word
        for key in _OFF.get(number, ()):
            self._parts.pop(key, None)

    def _set_colour(self, number: str, word: str) -> None:
        if word:
            self._parts[_COLOURS[number]] = word


def _colour(first: str, rest: list[str]) -> str:
    """A colour of several parameters, of which `rest` is reversed; empty if it is none."""
    kind = rest.pop() if rest else ""
    count = _PARTS.get(kind, 0)
    parts = [rest.pop() or "0" for _ in range(min(count, len(rest)))]
    return ";".join((first, kind, *parts)) if count and len(parts) == count else ""
