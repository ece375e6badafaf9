"""`completion`: the script that makes a shell complete this plugin."""

import click

from troubleshooter_cli.options import command as described

SHELLS = ("bash", "zsh", "fish")


@described("completion", "completion bash >>~/.bashrc")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the script that makes SHELL complete commands, options and names.

    \b
    Where kubectl is completed already, this plugin is too, and no script is needed. Otherwise:
      bash   source <(kubectl troubleshoot completion bash)     in ~/.bashrc
      zsh    source <(kubectl troubleshoot completion zsh)      in ~/.zshrc, after compinit
      fish   kubectl troubleshoot completion fish | source      in ~/.config/fish/config.fish
    """  # noqa: D301 - \b is click's mark for lines to leave as they are
    from troubleshooter_cli.completion import script  # noqa: PLC0415 - it loads every command

    click.echo(script(shell), nl=False)
