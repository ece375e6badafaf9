"""The way in: `kubectl troubleshoot COMMAND`, and what becomes of an error.

A command is loaded when it is called or listed; what is heavy (rich, the Kubernetes client) it loads itself,
when it is needed. stdout has data, stderr has talk.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import click

from troubleshooter_cli import talk
from troubleshooter_cli.errors import TroubleshootError
from troubleshooter_cli.options import cluster_options
from troubleshooter_cli.talk import PROGRAM

# In the order of --help: what a person does first stands first.
SECTIONS: Final = {
    "A toolbox": ("start", "shell", "attach", "list", "describe", "extend", "stop", "again", "delete"),
    "What was recorded": ("sessions", "play", "watch", "save", "export", "verify", "search", "volumes"),
    "The cluster, and this program": ("doctor", "completion"),
}
INTERRUPTED: Final = 130  # 128 + SIGINT, as a shell has it
_COMMANDS: Final = "troubleshooter_cli.commands"
COMPLETING: Final = "_KUBECTL_TROUBLESHOOT_COMPLETE"  # set by a shell that asks what a word may become
BEGIN: Final = "begin"  # what is run where no command is named


class Commands(click.Group):
    """Finds each command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = import_module(f"{_COMMANDS}.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            commands = [self.get_command(ctx, name) for name in names]
            rows = [(each.name or "", each.get_short_help_str(80)) for each in commands if each]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"\b\nexample: {PROGRAM} start --purpose 'checkout answers 502'",
)
@click.version_option(package_name="troubleshooter", message="%(version)s", help="Show the version and exit.")
@cluster_options
@click.pass_context
def cli(context: click.Context) -> int:
    """Recorded troubleshooting shells in your cluster. Without a command: the way to one, step by step."""
    if context.invoked_subcommand is None:
        return int(context.invoke(import_module(f"{_COMMANDS}.{BEGIN}").command) or 0)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was typed; its exit status (those of errors: `errors`)."""
    if question := os.environ.get(COMPLETING):
        return int(import_module("troubleshooter_cli.completion").answer(question))
    try:
        status = cli.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except TroubleshootError as error:
        talk.complain(error.sentence, error.remedy)
        return error.exit_status
    except click.UsageError as error:
        talk.complain(
            error.format_message(), f"see {error.ctx.command_path if error.ctx else PROGRAM} --help"
        )
        return error.exit_code
    except click.ClickException as error:
        talk.complain(error.format_message())
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main())
