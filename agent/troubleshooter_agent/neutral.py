"""Takes out of recorded output what does more to a terminal than paint it; pure, and a stream.

Whoever had a shell decides what its recording prints at the one who watches it. The readings pass all
that they show through `Neutral`: text and what paints goes through, what sets titles or the clipboard,
makes a terminal answer, or changes how it takes keys does not. What is not listed here does not pass.

Sequences: ECMA-48, the VT510 manual, and xterm's control sequences (ctlseqs).
"""

import re
from typing import Final

# Back to how a terminal begins, with nothing on it: what is shown for a full reset, which would do more.
BLANK: Final = (
    "\x1b7\x1b[?1049l\x1b[?6l\x1b[4l\x1b[?5l\x1b[?7h\x1b[?25h\x1b[r\x1b(B\x1b)B\x0f\x1b[0m\x1b[H\x1b[2J"
)
_SOFT_RESET: Final = "\x1b7\x1b[r\x1b8\x1b[4l\x1b[?7h\x1b[?25h\x1b(B\x1b)B\x0f\x1b[0m"

_CONTROLS: Final = "\b\t\n\v\f\r\x0e\x0f"  # the two last shift between character sets
_TEXT: Final = r"[^\x00-\x07\x10-\x1f\x7f-\x9f]++"  # with these controls
_NOTHING: Final = re.compile(r"[\x00-\x07\x10-\x17\x19\x1c-\x1f\x7f]*+")  # controls that do not pass
_MODE: Final = r"(?:5|6|7|25|47|1047|1048|1049)"
_PAINTING: Final = rf"""\x1b(?:
    \[[0-9]{{0,5}}[@A-GILMPSTXZ`abde]      # moves, inserts, deletes, scrolls, repeats
  | \[[012]?[JK]                           # erases, but not what has scrolled away (3J)
  | \[[0-9]{{0,5}}(?:;[0-9]{{0,5}})?[Hfr]  # position, scroll region
  | \[[0-9:;]{{0,128}}m                    # colours
  | \[[su] | \[4[hl]                       # saved position, insert mode
  | \[\?{_MODE}(?:;{_MODE})*[hl]           # screens, cursor, wrapping, origin, reverse
  | [78DEM] | \#[34568] | [()][0AB]        # saved position, index, large letters, line drawing
)"""
_SEQUENCE: Final = re.compile(_PAINTING, re.VERBOSE)
_SAFE: Final = re.compile(rf"(?:{_TEXT}|{_PAINTING})*+", re.VERBOSE)
_MODES: Final = re.compile(r"\x1b\[\?([0-9;]+)([hl])")
_LONGEST: Final = 160  # of a sequence that is kept; longer ones paint nothing

# Strings run to one of these; ESC begins the next sequence, as a part of ST or not.
_STRINGS: Final = {
    "]": re.compile(r"[^\x07\x18\x1a\x1b\x80-\x9f]*+"),  # OSC
    **dict.fromkeys("PX^_", re.compile(r"[^\x18\x1a\x1b\x80-\x9f]*+")),  # DCS, SOS, PM, APC
}

# Private modes by which a terminal sends other keys, or more than keys; `Neutral.input_modes` knows them.
INPUT_MODES: Final = frozenset({1, 9, 66, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 2004})
_KEYPAD: Final = 66

# What outlives a recording that ends amid its work: in the order in which it is undone.
_UNDO: Final = {
    "alternate": "\x1b7\x1b[?1049l",
    "margins": "\x1b7\x1b[r\x1b8",
    "origin": "\x1b[?6l",
    "insert": "\x1b[4l",
    "reverse": "\x1b[?5l",
    "clipped": "\x1b[?7h",
    "hidden": "\x1b[?25h",
    "(": "\x1b(B",
    ")": "\x1b)B",
    "shifted": "\x0f",
    "colours": "\x1b[0m",
}
CLEAN: Final = "".join(_UNDO.values())  # for a terminal of which nobody knows what is on
_SWITCHED_BY: Final = {
    "5": ("reverse", "h"), "6": ("origin", "h"), "7": ("clipped", "l"), "25": ("hidden", "l"),
    "47": ("alternate", "h"), "1047": ("alternate", "h"), "1049": ("alternate", "h"),
}  # fmt: skip
_RESTORED: Final = frozenset({"origin", "clipped", "(", ")", "shifted", "colours"})  # with a saved position
_SWITCHES: Final = re.compile(
    r"\x1b(?:\[(\?|)([0-9:;]*)([hlmru])|(8)|([()])([0AB]))|([\x0e\x0f])"
)  # in what has passed


class Neutral:
    """The filter of one stream: feed it text in any pieces, and `finish` it once.

    The pieces may cut a sequence anywhere. It keeps at most `_LONGEST` characters of it, however long.
    """

    def __init__(self) -> None:
        self._held = ""  # the beginning of a sequence
        self._string: re.Pattern[str] | None = None
        self._on: set[str] = set()
        self._ever: set[str] = set()
        self.input_modes: set[int] = set()

    def feed(self, text: str) -> str:
        """What of the next piece may be shown."""
        safe: list[str] = []
        at = 0
        while at < len(text):
            if self._string is not None:
                at = self._skip(self._string, text, at)
            elif self._held:
                self._step(text[at], safe)
                at += 1
            else:
                at = self._pass(text, at, safe)
        shown = "".join(safe)
        self._note(shown)
        return shown

    def finish(self) -> str:
        """The end of the stream: what undoes that which is still switched on, nothing if nothing is."""
        self._held, self._string = "", None
        undo = self._undo(self._on)
        self._on.clear()
        return undo

    def leave(self) -> str:
        """What cleans a terminal that stopped at any point of the stream so far; `finish` for its end."""
        return self._undo(self._ever)

    @property
    def pending(self) -> str:
        """The beginning of a sequence that the stream has not ended yet, empty mostly.

        Of a string only its opening is known.
        """
        if self._string is not None:
            return "\x1b]" if self._string is _STRINGS["]"] else "\x1bP"
        return self._held

    def _undo(self, switched: set[str]) -> str:
        undo = set(switched)
        if undo & {"alternate", "margins"}:  # these bring a saved position back, and what is saved with it
            undo |= self._ever & _RESTORED
        return "".join(sequence for feature, sequence in _UNDO.items() if feature in undo)

    def _pass(self, text: str, at: int, safe: list[str]) -> int:
        nothing = _NOTHING.match(text, at)
        assert nothing is not None  # it matches the empty text, too
        match = _SAFE.match(text, nothing.end())
        assert match is not None  # as above
        safe.append(match.group())
        at = match.end()
        if at < len(text):
            self._step(text[at], safe)
            at += 1
        return at

    def _skip(self, string: re.Pattern[str], text: str, at: int) -> int:
        match = string.match(text, at)
        assert match is not None  # it matches the empty text, too
        if match.end() < len(text):
            self._string = None
        return match.end()

    def _step(self, char: str, safe: list[str]) -> None:
        """One character of a sequence, or one that does not pass by itself."""
        if char == "\x1b":
            self._held = char
        elif "\x80" <= char <= "\x9f":  # one character for ESC and another
            self._extend("\x1b" + chr(ord(char) - 0x40), safe)
        elif char in "\x18\x1a":  # CAN and SUB end a sequence
            self._held = ""
        elif char in _CONTROLS:  # terminals obey it amid a sequence
            safe.append(char)
        elif self._held and char > "\x9f":  # no sequence has it
            self._held = ""
            safe.append(char)
        elif self._held and " " <= char <= "~":
            self._extend(self._held + char, safe)

    def _extend(self, sequence: str, safe: list[str]) -> None:
        if sequence[1:] in _STRINGS:
            self._held, self._string = "", _STRINGS[sequence[1:]]
        elif _is_complete(sequence):
            self._held = ""
            safe.append(self._painted(sequence))
        elif len(sequence) <= _LONGEST:
            self._held = sequence

    def _painted(self, sequence: str) -> str:
        """What a complete sequence paints."""
        if _SEQUENCE.fullmatch(sequence):
            return sequence
        if modes := _MODES.fullmatch(sequence):
            return self._switched(modes.group(1).split(";"), modes.group(2))
        if sequence in {"\x1b=", "\x1b>"}:
            self._set_input({_KEYPAD}, on=sequence == "\x1b=")
        if sequence == "\x1bc":
            self.input_modes.clear()
            return BLANK
        return _SOFT_RESET if sequence == "\x1b[!p" else ""

    def _switched(self, modes: list[str], how: str) -> str:
        numbers = {int(mode) for mode in modes if len(mode) in range(1, 5)}
        self._set_input(numbers & INPUT_MODES, on=how == "h")
        painting = [mode for mode in modes if re.fullmatch(_MODE, mode)]
        return f"\x1b[?{';'.join(painting)}{how}" if painting else ""

    def _set_input(self, modes: set[int] | frozenset[int], *, on: bool) -> None:
        self.input_modes = self.input_modes | modes if on else self.input_modes - modes

    def _note(self, shown: str) -> None:
        """Keep in mind what would outlive the stream."""
        if "\x1b" not in shown and "\x0e" not in shown and "\x0f" not in shown:
            return
        for match in _SWITCHES.finditer(shown):
            private, numbers, final, restored, slot, charset, shift = match.groups()
            if final == "m":
                self._switch("colours", on=numbers not in {"", "0"})
            elif final == "r":
                self._switch("margins", on=bool(numbers))
            elif private:
                self._switch_modes(numbers, final)
            elif final in {"h", "l"}:
                self._switch("insert", on=final == "h")
            elif restored or final == "u":
                self._on |= self._ever & _RESTORED
            else:
                self._switch(slot or "shifted", on=charset != "B" if slot else shift == "\x0e")

    def _switch_modes(self, numbers: str, final: str) -> None:
        for mode in numbers.split(";"):
            if mode in _SWITCHED_BY:
                feature, turned_on_by = _SWITCHED_BY[mode]
                self._switch(feature, on=final == turned_on_by)
            if mode in {"1048", "1049"} and final == "l":
                self._on |= self._ever & _RESTORED

    def _switch(self, feature: str, *, on: bool) -> None:
        if on:
            self._on.add(feature)
            self._ever.add(feature)
        else:
            self._on.discard(feature)


def neutral(text: str) -> str:
    """A whole text, neutralised and left clean."""
    stream = Neutral()
    return stream.feed(text) + stream.finish()


def _is_complete(sequence: str) -> bool:
    if sequence.startswith("\x1b["):
        return len(sequence) > 2 and "@" <= sequence[-1] <= "~"
    return len(sequence) > 1 and "0" <= sequence[-1] <= "~"
