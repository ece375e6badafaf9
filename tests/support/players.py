"""Whether a cast opens: the reference player asciinema 2.4, and the rules that all known players have."""

import json
import os
import subprocess
from pathlib import Path

from casts import ASCIINEMA


def cat(cast: Path) -> bytes:
    """What `asciinema cat` prints, without a terminal, which it would set up; AssertionError if it fails."""
    result = subprocess.run(
        [ASCIINEMA, "cat", str(cast)],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        capture_output=True,
        check=False,
        env={**os.environ, "HOME": str(cast.parent)},
    )
    assert (result.returncode, result.stderr) == (0, b""), result
    return result.stdout


def refuses(cast: bytes) -> str:
    """Why some player would not open a cast, or would die of it; empty if all take it.

    The rules were found by trying asciinema 2.4 and 3.2 and asciinema-player 3.18; `make soak` tries again.
    """
    try:
        return _refuses(cast)
    except (ValueError, KeyError) as error:  # no UTF-8, no JSON, no width, lone surrogates
        return f"not well-formed: {error!r}"


def _refuses(cast: bytes) -> str:
    first, *rest = cast.decode().split("\n")
    if not rest or rest[-1] != "":
        return "the last line is torn"
    if len(rest) < 2:
        return "the browser's player wants one event at least"
    header = json.loads(first)
    if header["version"] != 2 or not _is_size(header["width"]) or not _is_size(header["height"]):
        return "no header"
    if not isinstance(header.get("timestamp", 0), int):
        return "the timestamp is no integer"
    if not all(isinstance(value, str) for value in header.get("env", {}).values()):
        return "a variable is no string"
    return _refuses_events(rest[:-1])


def _refuses_events(lines: list[str]) -> str:
    last = 0.0
    for line in lines:
        if not line or len(line.splitlines()) != 1:
            return f"a reader would see other lines: {line!r}"
        event = json.loads(line)
        if len(event) != 3 or not isinstance(event[1], str) or not isinstance(event[2], str):
            return f"not three elements, or not strings: {line}"
        if event[0] < last:
            return f"the time goes back: {line}"
        if event[1] == "r" and not _are_sizes(event[2].split("x")):
            return f"no size: {line}"
        event[2].encode()
        last = event[0]
    return ""


def _are_sizes(parts: list[str]) -> bool:
    return len(parts) == 2 and all(_is_size(int(part)) for part in parts)


def _is_size(number: int) -> bool:
    return 1 <= number <= 65_535
