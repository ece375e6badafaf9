"""Plays the `console` blocks of a page in a real terminal, and holds the screen to what the page shows.

A block is what a person sees: typed lines after a prompt, and below each what is on the screen then.

- `$ ` is the person's own shell; a prompt that ends in `:~$ ` is that of a toolbox. `^D` is that key.
- A line that ends in a backslash goes on in the next one.
- `…` alone stands for any lines, also none; `…` within a line for any text.
- Numbers, durations, instants, hashes and ids differ from run to run: any of the same form is right. What
  the page calls by an id is that one for the rest of the page, shown or typed.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from screens import lines, shown
from terminal import Terminal

ANY: Final = "…"
OWN: Final = "$ "
# Shown by no terminal, and printed by nothing but the prompt of the shell that we start.
MARK: Final = "\x1b]777;ready\x07"
ROWS, COLUMNS = 300, 160
COMMAND_SECONDS: Final = 120.0

_BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
_TYPED: Final = re.compile(r"(\$ |(?:\S.*)?:[~/][^\s$]*\$ )(.*)")
_ID: Final = (
    r"pvc-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\b(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{8}\b"
)
# What else differs from run to run; the first that fits is the form of a word.
_FORMS: Final = (
    r"\b\d{4}-\d\d-\d\d[T ]\d\d[:-]\d\d(?:[:-]\d\d)?Z?",
    r"\b[0-9a-f]{12,64}\b",
    r"\b(?:\d+[dhms])+\b",
    r"\b\d+(?:[.,]\d+)?\b",
)
_VARYING: Final = re.compile("|".join(f"({form})" for form in (_ID, *_FORMS)))


@dataclass(frozen=True)
class Step:
    """A typed line, and the lines that are on the screen before the next prompt."""

    prompt: str
    typed: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A block; `heading` is the last one above it."""

    heading: str
    steps: tuple[Step, ...]


@dataclass
class Ids:
    """What the ids of the page are in this run."""

    known: dict[str, str] = field(default_factory=dict)

    def put_into(self, text: str) -> str:
        return re.sub(_ID, lambda found: self.known.get(found[0], found[0]), text)


def scenes(page: str) -> list[Scene]:
    """The blocks of a page in their order."""
    headings = [(found.start(), found[1]) for found in _HEADING.finditer(page)]
    return [
        Scene(
            next((text for at, text in reversed(headings) if at < block.start()), ""),
            tuple(_steps(block[1].splitlines())),
        )
        for block in _BLOCK.finditer(page)
    ]


def own_shell(environment: Mapping[str, str], folder: Path) -> Terminal:
    """The person's shell in a folder, after its first prompt."""
    # Of an exported PS1 an interactive bash takes no notice.
    words = ("bash", "--noprofile", "--norc", "-i")
    terminal = Terminal(words, cols=COLUMNS, rows=ROWS, env=environment, timeout=COMMAND_SECONDS)
    terminal.sendline(f"cd {shlex.quote(str(folder))}; bind 'set enable-bracketed-paste off'")
    terminal.sendline(r"PS1='\[\e]777;ready\a\]$ '")
    terminal.expect(MARK)
    return terminal


def play(terminal: Terminal, steps: Sequence[Step], ids: Ids) -> dict[str, str]:
    """Type each line at its prompt; what was on the screen after each.

    AssertionError with both where the screen is not as the page has it.
    """
    screens: dict[str, str] = {}
    for step, following in pairwise([*steps, Step(OWN, "")]):
        before = len(terminal.listen())
        terminal.send("\x04" if step.typed == "^D" else f"{ids.put_into(step.typed)}\r")
        terminal.expect(MARK if following.prompt == OWN else ":~$ ")
        screen = _screen(terminal.shown[before:])
        check(step, screen, ids)
        screens[step.typed] = "\n".join(screen)
    return screens


def check(step: Step, screen: Sequence[str], ids: Ids) -> None:
    """AssertionError where the screen does not show what the page says, in its order."""
    there = [line for line in screen if line.strip()]
    skipping = False
    for number, wanted in enumerate(line for line in step.shown if line.strip()):
        if wanted.strip() == ANY:
            skipping = True
            continue
        while there and not _fits(wanted, there[0], ids) and skipping:
            there.pop(0)
        if not there or not _fits(wanted, there.pop(0), ids, learn=True):
            _differ(step, screen, f"line {number + 1}, {wanted!r}")
        skipping = False
    if there and not skipping:
        _differ(step, screen, f"nothing where {there[0]!r} is")


def _fits(wanted: str, seen: str, ids: Ids, *, learn: bool = False) -> bool:
    pattern, names = _pattern(wanted, ids)
    found = re.fullmatch(pattern, seen.strip())
    if found and learn:
        ids.known |= dict(zip(names, found.groups(), strict=True))
    return bool(found)


def _pattern(wanted: str, ids: Ids) -> tuple[str, list[str]]:
    """The form of a line, and the ids that its groups tell."""
    pieces: list[str] = []
    names: list[str] = []
    end = 0
    text = " ".join(wanted.split())
    for found in _VARYING.finditer(text):
        pieces.append(_plain(text[end : found.start()]))
        end = found.end()
        if found[1] is None:
            pieces.append(next(form for form, part in zip(_FORMS, found.groups()[1:], strict=True) if part))
        elif found[0] in ids.known:
            pieces.append(re.escape(ids.known[found[0]]))
        elif found[0] in names:
            pieces.append(rf"\{names.index(found[0]) + 1}")
        else:
            names.append(found[0])
            # One in fourteen ids of this run has no digit.
            pieces.append("([a-z0-9]{8})" if len(found[0]) == 8 else f"({_ID})")
    return "".join([*pieces, _plain(text[end:])]), names


def _plain(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in text.split(" ")).replace(re.escape(ANY), ".*?")


def _screen(output: bytes) -> list[str]:
    """What a terminal shows of it, without the typed line and the prompt after it."""
    rows = lines(shown(COLUMNS, ROWS, output.decode(errors="replace")))
    while rows and not rows[-1].strip():
        rows.pop()
    return rows[1:-1]


def _steps(block: Sequence[str]) -> Iterator[Step]:
    typed: tuple[str, str] | None = None
    output: list[str] = []
    for line in block:
        if typed and typed[1].endswith("\\"):
            typed = typed[0], f"{typed[1].removesuffix(chr(92)).rstrip()} {line.strip()}"
        elif found := _TYPED.fullmatch(line):
            if typed:
                yield Step(*typed, tuple(output))
            typed, output = (found[1], found[2]), []
        else:
            output.append(line)
    if typed:
        yield Step(*typed, tuple(output))


def _differ(step: Step, screen: Sequence[str], where: str) -> None:
    wanted, seen = "\n".join(step.shown), "\n".join(screen)
    raise AssertionError(
        f"after `{step.typed}` the screen is not what the page shows ({where});\n"
        f"the page:\n{wanted}\nthe screen:\n{seen}"
    )
