"""The recorders beside ours, and how each of them records a program."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BARE: Final = "bare pty"
SCRIPT: Final = "script"
ASCIINEMA_3: Final = "asciinema 3"


@dataclass(frozen=True)
class Peer:
    """`command` makes of a program's words, and of a folder for the recording, what is to be run."""

    name: str
    version: str
    command: Callable[[Sequence[str], Path], list[str]]


def bare() -> Peer:
    """No recorder at all: what the terminal itself can do."""
    return Peer(BARE, "", lambda words, _: list(words))


def find(asciinema_3: Path | None) -> list[Peer]:
    """Those that are on this machine, from the fastest."""
    return [bare(), *_script(), *_ttyrec(), *_asciinema_2(), *_asciinema_3(asciinema_3)]


def _script() -> Iterator[Peer]:
    program = shutil.which("script")
    if program:

        def command(words: Sequence[str], folder: Path) -> list[str]:
            logs = (f"--log-out={folder / 'script'}", f"--log-timing={folder / 'timing'}")
            return [program, "--quiet", *logs, "--command", shlex.join(words)]

        yield Peer(SCRIPT, _output(program, "--version").split()[-1], command)


def _ttyrec() -> Iterator[Peer]:
    program = shutil.which("ttyrec")
    if program:

        def command(words: Sequence[str], folder: Path) -> list[str]:
            return [program, "-e", shlex.join(words), str(folder / "ttyrec")]

        version = _output("dpkg-query", "--show", "--showformat=${Version}", "ttyrec")
        yield Peer("ttyrec", version, command)


def _asciinema_2() -> Iterator[Peer]:
    program = Path(sys.executable).with_name("asciinema")
    if program.exists():
        yield Peer("asciinema 2", _output(str(program), "--version").split()[-1], _asciinema(program))


def _asciinema_3(program: Path | None) -> Iterator[Peer]:
    if program is not None:
        yield Peer(ASCIINEMA_3, _output(str(program), "--version").split()[-1], _asciinema(program))


def _asciinema(program: Path) -> Callable[[Sequence[str], Path], list[str]]:
    def command(words: Sequence[str], folder: Path) -> list[str]:
        cast = folder / f"{program.parent.parent.name}.cast"
        return [str(program), "rec", "--quiet", "--overwrite", "--command", shlex.join(words), str(cast)]

    return command


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
