"""Recordings as a stranger reads them: by the format's rules and the reference player, not by our code."""

import json
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from terminal import Terminal

ASCIINEMA = Path(sysconfig.get_path("scripts")) / "asciinema"


@dataclass(frozen=True)
class Cast:
    """A cast of asciicast v2; reading one fails where any line of it is not whole."""

    path: Path
    header: dict[str, Any]
    events: tuple[tuple[float, str, str], ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        first, *rest = path.read_bytes().decode().removesuffix("\n").split("\n")
        events = tuple((time, code, text) for time, code, text in map(json.loads, rest))
        return cls(path, json.loads(first), events)

    @property
    def id(self) -> str:
        return self.path.stem.rpartition("-")[2]

    @property
    def summary(self) -> dict[str, Any]:
        """The file beside the cast: whose it was, how it ended."""
        found: dict[str, Any] = json.loads(self.path.with_suffix(".json").read_text())
        return found

    @property
    def shown(self) -> str:
        """All that the terminal showed."""
        return "".join(self._texts("o"))

    @property
    def markers(self) -> list[str]:
        return self._texts("m")

    @property
    def sizes(self) -> list[str]:
        """What the terminal was resized to, as COLUMNSxROWS."""
        return self._texts("r")

    def time_of(self, text: str) -> float:
        """Seconds from the start to the output that completed the first appearance of a text."""
        so_far = ""
        for time, code, part in self.events:
            if code == "o":
                so_far += part
                if text in so_far:
                    return time
        raise AssertionError(f"{text!r} is not in the recording: {so_far[-2000:]!r}")

    def cat(self) -> bytes:
        """What `asciinema cat` prints; in a session of its own, where it finds no terminal to set up."""
        result = subprocess.run(
            [ASCIINEMA, "cat", self.path], capture_output=True, start_new_session=True, check=True, timeout=60
        )
        return result.stdout

    def play(self) -> int:
        """The exit status of `asciinema play`, at a speed that needs no patience."""
        with Terminal(
            [str(ASCIINEMA), "play", "--speed", "1000", "--idle-time-limit", "0.1", str(self.path)]
        ) as player:
            return player.wait(timeout=60)

    def _texts(self, code: str) -> list[str]:
        return [text for _, found, text in self.events if found == code]
