"""What is said to the person, on stderr: facts, remedies, and what is waited for. Data goes through `tables`.

Readable without colour; none where NO_COLOR is set or stderr is no terminal.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import click

PROGRAM: Final = "kubectl troubleshoot"  # as a person calls it, whatever the file is called
LONGEST: Final = 2000  # characters of a message that somebody else wrote
Update = Callable[[str], None]


@dataclass(frozen=True)
class Waiting:
    """What is said while something is waited for: called, it changes what stands beside the spinner."""

    update: Update
    say: Update  # a line of its own, above

    def __call__(self, text: str) -> None:
        self.update(text)


def say(text: str) -> None:
    """A fact."""
    _write(text)


def hint(text: str) -> None:
    """What to do next."""
    _write(_styled(text, dim=True))


def complain(sentence: str, remedy: str = "") -> None:
    """What is wrong, and what to do about it."""
    _write(f"{_styled('error:', fg='red', bold=True)} {printable(sentence)}")
    for line in remedy.splitlines():
        _write(printable(line))


@contextmanager
def waiting(text: str) -> Iterator[Waiting]:
    """A spinner beside what is waited for, and a way to change that; lines where stderr is no terminal."""
    if not sys.stderr.isatty():
        say(text)
        yield Waiting(_each_once(text), say)
        return
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second, only where it is seen
    from rich.text import Text  # noqa: PLC0415

    with Console(stderr=True).status(Text(text)) as status:
        yield Waiting(
            lambda changed: status.update(Text(changed)),
            lambda line: status.console.print(Text(line), soft_wrap=True),
        )


def printable(text: str) -> str:
    """Text by strangers, for a terminal: what is not printable as an escape, what is too long cut."""
    escaped = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text[: LONGEST + 1]
    )
    return escaped if len(escaped) <= LONGEST else f"{escaped[: LONGEST - 1]}…"


def _each_once(first: str) -> Update:
    said = first

    def update(text: str) -> None:
        nonlocal said
        if text != said:
            say(text)
        said = text

    return update


def _write(line: str) -> None:
    """Above the spinner, where there is one: it stands in for sys.stderr, and click.echo goes behind it."""
    sys.stderr.write(f"{line}\n")


def _styled(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    if os.environ.get("NO_COLOR") or not sys.stderr.isatty():
        return text
    return click.style(text, fg=fg, bold=bold, dim=dim)
