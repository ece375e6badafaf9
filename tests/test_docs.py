"""The documents say what is there: every module, every option, every link."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from troubleshooter_agent import options

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
PACKAGES = ["agent/troubleshooter_agent", "operator/troubleshooter_operator", "cli/troubleshooter_cli"]
NO_ROOM = {"__init__", "__main__"}


@pytest.mark.parametrize("package", PACKAGES)
def test_each_module_has_its_paragraph(package: str) -> None:
    """docs/architecture.md names the modules that are there, and no others, in the part of its program."""
    told = re.findall(r"^- `(\w+)`: ", _parts()[PACKAGES.index(package)], re.MULTILINE)
    assert sorted(told) == sorted({path.stem for path in (ROOT / package).glob("*.py")} - NO_ROOM)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page leads to a file of the project."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_each_option_has_help_and_each_command_an_example() -> None:
    """What --help shows says what each thing is for."""
    commands = dict(_commands())
    assert set(commands) == {
        "shell", "record", "list", "cat", "play", "follow", "verify", "search", "export", "repair", "run",
    }  # fmt: skip
    for name, parser in commands.items():
        assert parser.epilog, name
        assert parser.epilog.startswith("example: "), name
        for action in parser._actions:
            assert action.help, f"{name} {action.dest}"


def _parts() -> list[str]:
    return re.split(r"\n## The (?:operator|plugin)\n", (ROOT / "docs/architecture.md").read_text())


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in options.build_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()
