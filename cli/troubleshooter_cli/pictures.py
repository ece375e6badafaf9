"""Programs that make a picture of a cast, where one is installed; none is needed for anything else."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from troubleshooter_cli.errors import BrokenError, NotFoundError


@dataclass(frozen=True)
class Program:
    """`words` has {cast} and {picture} where their files stand; `install` says how people get it."""

    words: tuple[str, ...]
    install: str

    @property
    def name(self) -> str:
        return self.words[0]

    def line(self, cast: Path, picture: Path) -> list[str]:
        return [word.format(cast=cast, picture=picture) for word in self.words]


PROGRAMS: Final = {
    "gif": (Program(("agg", "{cast}", "{picture}"), "https://docs.asciinema.org/manual/agg/"),),
    "svg": (
        Program(("svg-term", "--in", "{cast}", "--out", "{picture}"), "npm install -g svg-term-cli"),
        Program(("termtosvg", "render", "{cast}", "{picture}"), "pip install termtosvg"),
    ),
}


def program_for(form: str, which: Callable[[str], str | None] = shutil.which) -> Program:
    """The first one that is installed; NotFoundError with those that could be."""
    for program in PROGRAMS[form]:
        if which(program.name):
            return program
    names = " or ".join(program.name for program in PROGRAMS[form])
    ways = ", or ".join(f"{program.name}: {program.install}" for program in PROGRAMS[form])
    raise NotFoundError(f"no program that makes {form} is installed: {names}", f"install one ({ways})")


def draw(program: Program, cast: Path, picture: Path) -> None:
    """Make the picture; BrokenError with the program's own last line if it does not."""
    result = subprocess.run(
        program.line(cast, picture),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode or not picture.is_file():
        said = (result.stderr or result.stdout).strip().splitlines()[-1:] or [f"status {result.returncode}"]
        raise BrokenError(
            f"{program.name} made no picture: {said[0]}", "export --as cast gives what it was made from"
        )
