"""`play`: a neutralised copy of a recording, through a pipe to asciinema, which runs as a program.

Times, sizes and what paints are kept; all else in the copy is ours, since a player may obey a header or
an event that a stranger wrote. A copy on a disk could be larger than /tmp may be.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from troubleshooter_agent import asciicast
from troubleshooter_agent.asciicast import ENDED_PREFIX, Encoder, Event, header_line
from troubleshooter_agent.lines import Lines, resized, size_of
from troubleshooter_agent.listing import printable
from troubleshooter_agent.neutral import Neutral
from troubleshooter_agent.pace import AS_RECORDED, Pace
from troubleshooter_agent.volume import ReadingError, open_recording

PLAYER: Final = ("asciinema", "play", "/dev/stdin")
_STILL_RUNNING: Final = f"{ENDED_PREFIX}: its end is not recorded yet"
_LATEST: Final = 1 << 40  # seconds since the epoch; no player knows what to do with more


def play(
    root: Path, wanted: str, pace: Pace = AS_RECORDED, *, player: Sequence[str] = PLAYER, screen: int = 1
) -> int:
    """Replay a recording with asciinema in this terminal; asciinema's exit status.

    A recording that is torn or goes on is played as far as it goes. `screen` is the terminal that is
    left clean afterwards, wherever the player was stopped.
    """
    stream = Neutral()
    with open_recording(root, wanted) as cast:
        lines = Lines(cast, wanted)
        process = _start(player)
        assert process.stdin is not None
        with suppress(BrokenPipeError, KeyboardInterrupt), process.stdin as pipe:
            pipe.writelines(neutral_cast(lines, stream, pace))
    try:
        return _wait(process)
    finally:
        _clean(screen, stream)


def neutral_cast(lines: Lines, stream: Neutral, pace: Pace = AS_RECORDED) -> Iterator[bytes]:
    """The lines of a cast that only paints, and ends with a clean terminal."""
    yield _header(lines.header)
    encoder = Encoder(start=0.0)
    is_ended = False
    for event in pace.of(lines.events()):
        is_ended = event.code == asciicast.MARKER and event.text.startswith(ENDED_PREFIX)
        if is_ended:
            yield encoder.output(event.time, stream.finish().encode())[0]
        yield _neutral_lines(encoder, event, stream)
    yield encoder.output(0.0, stream.finish().encode())[0]
    if not is_ended:
        yield encoder.marker(0.0, _STILL_RUNNING)


def _neutral_lines(encoder: Encoder, event: Event, stream: Neutral) -> bytes:
    match event.code:
        case asciicast.OUTPUT:
            return encoder.output(event.time, stream.feed(event.text).encode())[0]
        case asciicast.RESIZE:
            size = resized(event.text)
            return encoder.resize(event.time, *size) if size else b""
        case asciicast.MARKER:
            return encoder.marker(event.time, printable(event.text))
    return b""


def _header(header: Mapping[str, Any]) -> bytes:
    return header_line(
        size=size_of(header), timestamp=_instant(header.get("timestamp")), title="", env={}, session={}
    )


def _instant(value: Any) -> float:
    return value if isinstance(value, int | float) and 0 <= value < _LATEST else 0


def _start(player: Sequence[str]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(player, stdin=subprocess.PIPE)
    except FileNotFoundError as error:
        raise ReadingError(
            f"there is no {player[0]} here to play it",
            "install it (pip install asciinema==2.4.0), or print the text with: troubleshooter-agent cat ID",
        ) from error


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """The player's status, 128+n for a signal; Ctrl-C is the player's business, we only outlive it."""
    while True:
        with suppress(KeyboardInterrupt):
            status = process.wait()
            return status if status >= 0 else 128 - status


def _clean(screen: int, stream: Neutral) -> None:
    if os.isatty(screen):
        with suppress(OSError):  # it is gone
            os.write(screen, stream.leave().encode())
