"""The readings of a recordings volume: list, cat, play, and the note that each of them leaves.

They are not recorded and change no recording. What they read was written by whoever had a shell, so
every line is parsed before it counts, in constant memory, and nothing but an ordinary file is opened.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
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
_MOST_WORDS: Final = 16  # of a reading's command line in its note
_WORD: Final = 256  # characters of each of them
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
        out.writelines(_raw(lines.events()) if raw else _text(lines.events()))
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
        mended = repair.examine_file(_reader(cast), size, _STILL_RUNNING)
        if not mended.is_needed:
            return _wait(_start(player, cast))
        process = _start(player, subprocess.PIPE)
        assert process.stdin is not None
        with suppress(BrokenPipeError), process.stdin as pipe:
            _copy(cast, mended.keep, pipe)
            pipe.write(mended.append)
        return _wait(process)


def note_reading(  # noqa: PLR0917 - where, who, what, when
    root: Path, namespace: str, name: str, user: str, argv: Sequence[str], now: float
) -> None:
    """Leave a line that says who asked for which reading, at `now` in seconds since the epoch.

    A volume that cannot be written must still be readable, so then the line goes to stderr alone.
    """
    words = [word[:_WORD] for word in argv[:_MOST_WORDS]]
    line = orjson.dumps({"at": format_time(now), "user": _sayable(user), "argv": [*map(_sayable, words)]})
    try:
        _append(root / namespace / name, line + b"\n")
    except OSError as error:
        sys.stderr.write(f"this reading could not be noted in {ACCESS_LOG}: {error.strerror}\n")


class _Lines:
    """The events of a cast, line by line; lines that are none are left out and counted."""

    def __init__(self, cast: BinaryIO, name: str) -> None:
        self._cast = cast
        self._name = name
        self._damaged = 0

    def events(self) -> Iterator[Event]:
        try:
            parse_header(self._line())
        except NotACastError as error:
            raise ReadingError(f"cannot read {self._name}: {error}") from error
        torn = 0  # at the end that is no damage: the session runs, or was killed
        while line := self._line():
            try:
                event = parse_event(line)
            except NotACastError:
                torn += 1
                continue
            self._damaged, torn = self._damaged + torn, 0
            yield event

    def complain(self) -> None:
        """ReadingError if a line between the others was left out."""
        if self._damaged:
            raise ReadingError(f"damaged lines of {self._name} were left out: {self._damaged}")

    def _line(self) -> bytes:
        """The next line, empty at the end; a blank one, which is no event, for one that is too long."""
        line = self._cast.readline(_LONGEST_LINE)
        if len(line) < _LONGEST_LINE or line.endswith(b"\n"):
            return line
        while (rest := self._cast.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        return b"\n"


def _text(events: Iterator[Event]) -> Iterator[bytes]:
    return (event.text.encode() for event in events if event.code == asciicast.OUTPUT)


def _raw(events: Iterator[Event]) -> Iterator[bytes]:
    """The bytes of each output: those of the `b` before it, if there is one."""
    exact: bytes | None = None
    for event in events:
        if event.code == asciicast.BYTES:
            exact = _decoded(event.text)
        elif event.code == asciicast.OUTPUT:
            yield event.text.encode() if exact is None else exact
            exact = None


def _decoded(text: str) -> bytes | None:
    """None for what is no base64: then the text has to do."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


@contextmanager
def _reader_may_leave(out: IO[Any]) -> Iterator[None]:
    """A reader that has seen enough (`| head`) is no failure; what is left goes nowhere."""
    try:
        yield
        out.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)


def _start(player: Sequence[str], stdin: int | BinaryIO) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(player, stdin=stdin)
    except FileNotFoundError as error:
        raise ReadingError(
            f"there is no {player[0]} here to play it",
            "install it (pip install asciinema==2.4.0), or print the text with: troubleshooter-agent cat ID",
        ) from error


def _reader(cast: BinaryIO) -> repair.Read:
    return lambda offset, length: os.pread(cast.fileno(), length, offset)


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """The player's status, 128+n for a signal; Ctrl-C is the player's business, we only outlive it."""
    while True:
        with suppress(KeyboardInterrupt):
            status = process.wait()
            return status if status >= 0 else 128 - status


def _copy(cast: BinaryIO, length: int, pipe: IO[bytes]) -> None:
    while length > 0 and (chunk := cast.read(min(_CHUNK, length))):
        pipe.write(chunk)
        length -= len(chunk)


def _append(folder: Path, line: bytes) -> None:
    folder.mkdir(mode=0o770, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(folder / ACCESS_LOG, flags, 0o660)
    try:
        os.write(fd, line)
    finally:
        os.close(fd)


def _sayable(text: str) -> str:
    """An argument that was not UTF-8 has lone surrogates, which JSON has no way to say."""
    return text.encode(errors="replace").decode()
