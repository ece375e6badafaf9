"""What holds for every command: where errors go, what they cost, and that kubectl's flags stand anywhere."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from troubleshooter_cli import main
from troubleshooter_cli.errors import TroubleshootError


def test_the_help_shows_each_section_and_an_example() -> None:
    shown = CliRunner().invoke(main.cli, ["--help"], prog_name="kubectl troubleshoot").output
    assert "Usage: kubectl troubleshoot [OPTIONS]" in shown
    assert "example: kubectl troubleshoot start --purpose 'checkout answers 502'" in shown


def test_an_unknown_command_is_one_sentence_and_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["strat"]) == 2
    out, said = capsys.readouterr()
    assert not out
    first, second = said.splitlines()
    assert first.startswith("error: No such command 'strat'.")
    assert second == "see kubectl troubleshoot --help"


def test_every_error_has_an_exit_status_of_its_own() -> None:
    """The table of docs/reference/cli.md."""
    found = {kind.__name__: kind.exit_status for kind in TroubleshootError.__subclasses__()}
    assert {name: found[name] for name in (
        "UsageError", "NotFoundError", "ForbiddenError", "NotReadyError", "UnreachableError", "BrokenError",
    )} == {
        "UsageError": 2, "NotFoundError": 3, "ForbiddenError": 4,
        "NotReadyError": 5, "UnreachableError": 6, "BrokenError": 7,
    }  # fmt: skip


def test_the_plugin_loads_neither_client_nor_rich_for_its_help() -> None:
    """A person who asks for help does not wait for what help does not need."""
    sources = Path(main.__file__).parent.rglob("*.py")
    heavy = ("import kubernetes", "from kubernetes", "import rich", "from rich", "import urllib3")
    at_the_top = {
        path.name for path in sources for line in path.read_text().splitlines() if line.startswith(heavy)
    }
    assert at_the_top == {"api.py"}
