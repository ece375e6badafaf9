"""Help, reference and completion tell of the same commands and options, each with what it is for."""

import re
import shlex
from pathlib import Path

import click
import pytest

from troubleshooter_cli import completion
from troubleshooter_cli.main import cli

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
GLOBAL = {"namespace", "context", "kubeconfig"}  # told once, for all commands
EXAMPLE = re.compile(r"\n?example: (kubectl troubleshoot .+)", re.DOTALL)


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


COMMANDS = commands()


def options(command: click.Command) -> list[click.Option]:
    """With --help, which click adds."""
    context = click.Context(command, **command.context_settings)
    return [each for each in command.get_params(context) if isinstance(each, click.Option)]


def test_every_command_that_is_asked_for_is_there() -> None:
    """The list of the plugin's contract."""
    assert set(COMMANDS) == {
        "start", "shell", "attach", "list", "describe", "extend", "stop", "again", "delete",
        "sessions", "play", "watch", "save", "export", "verify", "search", "volumes",
        "doctor", "completion",
    }  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_is_for_and_each_option_too(name: str) -> None:
    command = COMMANDS[name]
    assert command.name == name
    assert command.get_short_help_str(limit=80).strip("."), name
    assert [option.opts for option in options(command) if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_its_example_is_one_that_it_takes(name: str) -> None:
    """Each word of it is understood; nothing is done."""
    told = EXAMPLE.fullmatch((COMMANDS[name].epilog or "").replace("\b", ""))
    assert told, COMMANDS[name].epilog
    for line in told[1].splitlines():
        program, *words = shlex.split(re.split(r"[>|]", line)[0].removeprefix("kubectl "))
        assert program == "troubleshoot"
        with cli.make_context("kubectl troubleshoot", list(words)) as context:
            command, *rest = [*context._protected_args, *context.args]
            assert command == name
            COMMANDS[name].make_context(name, rest, parent=context)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_reference_has_the_command_with_its_options(name: str) -> None:
    part = re.search(rf"^### {name}$(.*?)(?=^##|\Z)", REFERENCE.read_text(), re.MULTILINE | re.DOTALL)
    assert part, f"make reference: {name} is not in {REFERENCE.name}"
    ours = [
        option
        for option in options(COMMANDS[name])
        if option.name not in GLOBAL and "--help" not in option.opts
    ]
    assert [option.opts for option in ours if max(option.opts, key=len) not in part[1]] == []


def test_completion_offers_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    completion.main([""])
    *offered, directive = capsys.readouterr().out.splitlines()
    assert [line.partition("\t")[0] for line in offered] == list(COMMANDS)
    assert all(line.partition("\t")[2] for line in offered)
    assert directive == ":4"


@pytest.mark.parametrize("name", COMMANDS)
def test_completion_offers_every_option(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    completion.main([name, "--"])
    *offered, _ = capsys.readouterr().out.splitlines()
    found = {line.partition("\t")[0] for line in offered}
    wanted = {long for option in options(COMMANDS[name]) for long in option.opts if long.startswith("--")}
    assert found == wanted
