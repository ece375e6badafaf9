"""What a program printed, without what only a terminal understands; pure, and a stream.

For the lines of a log, which people search: escape sequences, also those that several events share, and
control characters go; line ends and tabs stay.
"""

import re
from typing import Final

# Characters of a sequence that has not ended; beyond, it is taken for one that never does.
LONGEST: Final = 4096
# ECMA-48: control sequences, strings (with xterm's BEL as their end), other sequences. One that is broken off
# by a character that has no place in it ends there.
_SEQUENCE: Final = re.compile(
    r"""\x1b(?: \[ [0-?]*+ [ -/]*+ [@-~]?
              | [\]PX^_] [^\x07\x1b]*+ (?: \x07 | \x1b\\ )?
              | [ -/]*+ [0-~]? )""",
    re.VERBOSE,
)
_UNFINISHED: Final = re.compile(
    r"""\x1b(?: \[ [0-?]*+ [ -/]*+ | [\]PX^_] [^\x07\x1b]*+ \x1b? | [ -/]*+ )\Z""", re.VERBOSE
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # C0 but for tab and line feed, DEL, C1


class PlainText:
    """Feed it a session's output in order."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """The readable part of it, never longer than it is; a sequence that has not ended is held back."""
        text = self._held + text
        unfinished = _UNFINISHED.search(text)
        self._held = unfinished.group() if unfinished else ""
        text = text.removesuffix(self._held)
        if len(self._held) > LONGEST:
            self._held = ""
        return _CONTROL.sub("", _SEQUENCE.sub("", text))
