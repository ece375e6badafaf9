"""docs/reference/cli.md: every command and option of the plugin, from the objects that print its --help."""

import inspect
import re
from collections.abc import Iterator
from typing import Final

import click
from markup import block, code, sections, table

from troubleshooter_cli import errors
from troubleshooter_cli.main import INTERRUPTED, SECTIONS, cli
from troubleshooter_cli.talk import PROGRAM

INTRODUCTION: Final = (
    "# kubectl troubleshoot\n\n"
    "Written by `make reference` from what `kubectl troubleshoot --help` shows. Data goes to standard\n"
    "output, what is said to you to standard error: it can be piped. No colour where `NO_COLOR` is set."
)
COMMON: Final = {"--version", "--namespace", "--context", "--kubeconfig", "--help"}
ENDED: Final = 124  # what a toolbox's session exits with when the toolbox ends it


def page() -> str:
    top = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
    parts = [INTRODUCTION, "## Flags of every command", _options(cli, top, common=True)]
    for title, names in SECTIONS.items():
        commands = [command for name in names if (command := cli.get_command(top, name))]
        if commands:
            parts += [f"## {title}", *(_command(command, top) for command in commands)]
    return sections(*parts, _statuses())


def _command(command: click.Command, top: click.Context) -> str:
    context = click.Context(command, info_name=command.name, parent=top, **command.context_settings)
    usage = f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}"
    example = (command.epilog or "").replace("\b", "").strip().removeprefix("example: ")
    return sections(
        f"### {command.name}",
        prose(command.help or ""),
        block("text", usage),
        _options(command, context, common=False),
        sections("For example:", block("console", f"$ {example}")) if example else "",
    )


def prose(text: str) -> str:
    """Help as paragraphs; what click is told to leave as it is, as a block."""
    return sections(*_paragraphs(inspect.cleandoc(text)))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        first, _, rest = paragraph.partition("\n")
        yield block("text", rest) if first.strip() == "\b" else paragraph


def _options(command: click.Command, context: click.Context, *, common: bool) -> str:
    rows = [
        (code(record[0]), record[1])
        for parameter in command.get_params(context)
        if bool(COMMON & {*parameter.opts}) == common
        and (record := parameter.get_help_record(context))
        and record[1]  # an argument without help is in the usage already
    ]
    return table(("option", "meaning"), rows)


def _statuses() -> str:
    """The tree of errors tells its statuses in its own words."""
    told = re.findall(r"^    (\w+) +(\d+) +(.+)$", errors.__doc__ or "", re.MULTILINE)
    rows = [(status, meaning) for name, status, meaning in told if _holds(name, int(status))]
    general = [
        ("0", "it is done, and what was asked is so"),
        ("1", "what was asked is not so: nothing found, something differs, something is missing"),
    ]
    passed = [
        (str(ENDED), "`start`, `shell`, `attach`: the toolbox ended the session"),
        (str(INTERRUPTED), "you pressed Ctrl-C"),
        ("any", "`start`, `shell`, `attach`: that of the shell itself"),
    ]
    return sections("## Exit statuses", table(("status", "meaning"), [*general, *rows, *passed]))


def _holds(name: str, status: int) -> bool:
    """ValueError where the words and the class differ."""
    if getattr(errors, name).exit_status != status:
        raise ValueError(f"{name} is told with another exit status than it has")
    return True
