"""Each command line of the plugin that the documentation shows is one that the plugin understands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from troubleshooter_cli.main import SECTIONS, cli
from troubleshooter_cli.talk import PROGRAM

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHOWN = re.compile(rf"^\$ ({PROGRAM} .*)$|`({PROGRAM} [^`]*)`", re.MULTILINE)
NO_COMMANDS = {"COMMAND"}  # as in `kubectl troubleshoot COMMAND`


KNOWN = {name for names in SECTIONS.values() for name in names}


def _lines() -> Iterator[Any]:
    for page in PAGES:
        for found in SHOWN.finditer(page.read_text()):
            line = found[1] or found[2]
            yield pytest.param(line, id=f"{page.stem}: {line}")


LINES = list(_lines())


@pytest.mark.parametrize("line", LINES)
def test_it_is_understood(line: str) -> None:
    words = shlex.split(re.split(r" [|>] ?", line, maxsplit=1)[0])[2:]
    if words[0] in NO_COMMANDS or words in (["--version"], ["--help"]):
        return
    top = cli.make_context(PROGRAM, list(words))
    words = [*top._protected_args, *top.args]
    if words[0] in KNOWN and words[0] not in cli.list_commands(top):
        pytest.skip(f"{words[0]} is not there yet")
    name, command, rest = cli.resolve_command(top, words)
    assert command is not None
    command.make_context(name, rest, parent=top)


def test_they_are_found() -> None:
    assert len(LINES) > 40
