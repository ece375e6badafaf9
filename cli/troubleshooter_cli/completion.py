"""Completes command lines: for kubectl's own completion, and for each shell where the plugin is called alone.

kubectl runs the program `kubectl_complete-troubleshoot` (`main`) with the words after `kubectl troubleshoot`,
and reads candidates, a line each, and how to go on. Shells call `kubectl-troubleshoot` with a question in its
environment, as click's scripts have it (`answer`); `script` gives those.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class, shell_complete

from troubleshooter_cli.candidates import furnish
from troubleshooter_cli.main import COMPLETING, cli
from troubleshooter_cli.talk import PROGRAM

ALONE: Final = "kubectl-troubleshoot"
# kubectl asks this plugin by itself, so where kubectl is completed, `kubectl troubleshoot` is too.
KUBECTLS: Final = {
    "bash": "declare -F __start_kubectl >/dev/null || source <(kubectl completion bash)\n",
    "zsh": "(( $+functions[_kubectl] )) || source <(kubectl completion zsh)\n",
    "fish": "functions -q __kubectl_perform_completion; or kubectl completion fish | source\n",
}
# Of cobra, which kubectl is made with: what its scripts do besides offering the candidates.
FILES, NO_FILES, FOLDERS = 0, 4, 16


def main(arguments: Sequence[str] | None = None) -> int:
    """The question of kubectl: candidates for the last word, then what may stand there besides."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    *before, last = words or [""]
    found = candidates(before, last)
    for item in found:
        if item.type == "plain":
            click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(f":{_directive(found)}")
    return 0


def answer(instruction: str) -> int:
    """A shell's question, which stands in the environment."""
    _furnish()
    return shell_complete(cli, {}, ALONE, COMPLETING, instruction)


def script(shell: str) -> str:
    """What a shell sources, to complete `kubectl-troubleshoot`, and `kubectl troubleshoot` by kubectl."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    return kind(cli, {}, ALONE, COMPLETING).source() + KUBECTLS[shell]


def candidates(before: Sequence[str], last: str) -> list[CompletionItem[str]]:
    """What the last word may become, after those before it."""
    _furnish()
    return ShellComplete(cli, {}, PROGRAM, COMPLETING).get_completions(list(before), last)


def _furnish() -> None:
    context = click.Context(cli)
    found = (cli.get_command(context, name) for name in cli.list_commands(context))
    for command in (cli, *found):
        if command is not None:
            furnish(command)


def _directive(found: Sequence[CompletionItem[str]]) -> int:
    kinds = {item.type for item in found}
    return FILES if "file" in kinds else FOLDERS if "dir" in kinds else NO_FILES


if __name__ == "__main__":
    sys.exit(main())
