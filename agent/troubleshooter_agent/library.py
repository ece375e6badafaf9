"""The readings of a recordings volume: list, cat, play, and the note that each of them leaves.

They are not recorded and change no recording. What they read was written by whoever had a shell, so
every line is parsed before it counts, in constant memory, and nothing but an ordinary file is opened.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, TextIO

import orjson

from troubleshooter_agent import asciicast, repair
from troubleshooter_agent.asciicast import Event, NotACastError, parse_event, parse_header
from troubleshooter_agent.contract import format_time
from troubleshooter_agent.listing import row_of, table
from troubleshooter_agent.volume import ReadingError, open_recording, walk

ACCESS_LOG: Final = "access.jsonl"
PLAYER: Final = ("asciinema", "play", "/dev/stdin")
_LONGEST_LINE: Final = 4 << 20
_CHUNK: Final = 1 << 20
_MOST_WORDS: Final = 16  # of a reading's command line in the note; a line stays short enough to be written whole
_WORD: Final = 256
_STILL_RUNNING: Final = "its end is not recorded yet"


def list_recordings(root: Path, out: TextIO) -> int:
    """Print a table of all recordings, the newest last."""
    rows = [row_of(found) for found in walk(root)]
    with _reader_may_leave(out):
        out.write(table(rows))
    return 0


def cat(root: Path, wanted: str, out: BinaryIO, *, raw: bool = False) -> int:
    """Print what the recorded terminal showed; `raw` gives the exact bytes, also what was not UTF-8.

    ReadingError at the end if a line amid the others was damaged: what is whole has been printed then.
    """
    with open_recording(root, wanted) as cast, _reader_may_leave(out):
        lines = _Lines(cast, wanted)
        for output in _raw(lines.events()) if raw else _text(lines.events()):
            out.write(output)
        out.flush()
        lines.complain()
    return 0


def play(root: Path, wanted: str, *, player: Sequence[str] = PLAYER) -> int:
    """Replay a recording with asciinema in this terminal; asciinema's exit status.

    A recording that is torn or goes on is mended on its way to the player, through a pipe: a copy could
    be larger than /tmp may be.
    """
    with open_recording(root, wanted) as cast:
        size = os.fstat(cast.fileno()).st_size
        mended = repair.examine_file(lambda at, length: os.pread(cast.fileno(), length, at), size, _STILL_RUNNING)
        if not mended.is_needed:
            return _wait(_start(player, cast))
        process = _start(player, subprocess.PIPE)
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin as pipe:
            _copy(cast, mended.keep, pipe)
            pipe.write(mended.append)
        return _wait(process)


def note_reading(root: Path, namespace: str, name: str, user: str, argv: Sequence[str], now: float) -> None:
    """Leave a line that says who asked for which reading, at `now` in seconds since the epoch.

    A volume that cannot be written must still be readable, so then the line goes to stderr alone.
    """
    words = [word[:_WORD] for word in argv[:_MOST_WORDS]]
    line = orjson.dumps({"at": format_time(now), "user": _sayable(user), "argv": [*map(_sayable, words)]})
    try:
        _append(root / namespace / name, line + b"\n")
    except OSError as error:
        sys.stderr.write(f"this reading could not be noted in {ACCESS_LOG}: {error.strerror}\n")
