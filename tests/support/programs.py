"""The players themselves, as programs: asciinema 2.4 and 3.2, each with what it prints of a cast.

None says that a player does not take a cast: it fails, or it never ends.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from casts import ASCIINEMA
from terminal import Terminal

SECONDS = 60.0
AT_ONCE = ("--speed", "1000", "--idle-time-limit", "0.01")


@dataclass(frozen=True)
class Asciinema3:
    """asciinema 3.2; `home` is where it may keep its own files."""

    program: Path
    home: Path

    def shows(self, cast: Path, seconds: float = SECONDS) -> bytes | None:
        """What it makes of a cast with `convert -f raw`, without the size that it puts before it."""
        out = self.home / "raw"
        out.unlink(missing_ok=True)
        command: list[str | Path] = [self.program, "convert", "--output-format", "raw", cast, out]
        if not _succeeds(command, self.home, seconds):
            return None
        return out.read_bytes().partition(b"t")[2]

    def plays(self, cast: Path) -> bool:
        """Whether `play` comes to its end in a terminal."""
        return _plays([str(self.program), "play", *AT_ONCE, str(cast)], self.home)


def shows_2(cast: Path, home: Path, seconds: float = SECONDS) -> bytes | None:
    """What asciinema 2.4 prints with `cat`."""
    out = home / "cat"
    with out.open("wb") as file:
        is_good = _succeeds([ASCIINEMA, "cat", cast], home, seconds, file)
    return out.read_bytes() if is_good else None


def plays_2(cast: Path, home: Path) -> bool:
    """Whether `play` of asciinema 2.4 comes to its end in a terminal."""
    return _plays([str(ASCIINEMA), "play", *AT_ONCE, str(cast)], home)


def _succeeds(
    command: Sequence[str | Path], home: Path, seconds: float, out: IO[bytes] | None = None
) -> bool:
    try:
        return not subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, start_new_session=True,
            timeout=seconds, env=_environment(home), check=False,
        ).returncode  # fmt: skip
    except subprocess.TimeoutExpired:
        return False


def _plays(command: list[str], home: Path) -> bool:
    with Terminal(command, env=_environment(home), timeout=SECONDS) as player:
        return player.wait() == 0


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(home)}
