"""`shell`: a recorded shell, or a recorded command, in a toolbox that is there."""

from typing import Final

import click

from troubleshooter_cli import options
from troubleshooter_cli.choosing import named_or_chosen
from troubleshooter_cli.errors import NotReadyError, UsageError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox
from troubleshooter_cli.visits import await_shell, open_shell, visit

_BEHIND: Final = "troubleshooter_cli.behind"


class WithCommand(click.Command):
    """What stands behind `--` is somebody else's command line, and no name of a toolbox."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ours, behind = (args[: (at := args.index("--"))], args[at + 1 :]) if "--" in args else (args, [])
        ctx.meta[_BEHIND] = behind
        return super().parse_args(ctx, ours)


@options.command("shell", "shell web -- dig kubernetes", cls=WithCommand, options_metavar="[OPTIONS]")
@click.argument("name", metavar="[NAME] [-- COMMAND ARG...]", default="", required=False)
@click.option("-c", "line", metavar="COMMAND", default="", help="A command line for the shell, recorded.")
@options.pass_invocation
@click.pass_context
def command(context: click.Context, invocation: Invocation, name: str, line: str) -> int:
    """Open a recorded shell in a toolbox, or run a recorded command in it.

    Without NAME: in your only running toolbox, or the only one that runs. The exit status is the shell's
    own; 124 if the toolbox ended it.
    """
    words: list[str] = context.meta.get(_BEHIND, [])
    if line and words:
        raise UsageError("-c and -- cannot be given together", "leave out one of them")
    box = enter(invocation, name)
    if not line and not words:
        return visit(invocation, box)
    return open_shell(invocation, box, ["-c", line] if line else ["--", *words])


def enter(invocation: Invocation, name: str) -> Toolbox:
    """The toolbox that is meant, once it is ready; NotReadyError for one that has ended."""
    box = named_or_chosen(invocation, name)
    if not box.is_running:
        end = box.condition("Ended")
        why = f": {end.message} ({end.reason})" if end.is_true else ""
        raise NotReadyError(
            f"toolbox {box.name} has no run{why}", f"{PROGRAM} again {box.name} starts the next one"
        )
    return await_shell(invocation, box)
