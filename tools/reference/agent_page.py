"""docs/reference/agent.md: the agent's commands and options, from the parser that prints its --help."""

import argparse
from collections.abc import Iterator
from typing import Final

from markup import block, code, sections, table

from troubleshooter_agent import options
from troubleshooter_agent.commands import PROGRAM

INTRODUCTION: Final = (
    "# In the toolbox\n\n"
    f"Written by `make reference` from what `{PROGRAM} --help` shows. `shell` is a command of its own, the\n"
    f"one that `kubectl exec` starts; the others are words behind `{PROGRAM}`. The plugin calls them for you."
)


def page() -> str:
    return sections(INTRODUCTION, *(_command(*each) for each in _commands(options.build_parser())))


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to what it was given
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            yield from action.choices.items()


def _command(verb: str, parser: argparse.ArgumentParser) -> str:
    rows = [
        (code(_name(action)), _help(parser, action))
        for action in parser._actions  # noqa: SLF001 - as above
        if not isinstance(action, argparse._HelpAction)  # noqa: SLF001 - as above
    ]
    description = parser.description or ""
    example = (parser.epilog or "").removeprefix("example: ")
    return sections(
        f"## {verb}",
        f"{description[:1].upper()}{description[1:]}.",
        block("text", parser.usage) if parser.usage else "",
        table(("argument", "meaning"), rows),
        sections("For example:", block("console", f"$ {example}")) if example else "",
    )


def _name(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest) if action.nargs != 0 else ""
    return " ".join([", ".join(action.option_strings), value]).strip()


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return parser._get_formatter()._expand_help(action)  # noqa: SLF001 - as above
