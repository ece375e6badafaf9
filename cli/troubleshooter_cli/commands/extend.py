"""`extend`: more time for a running toolbox."""

import click

from troubleshooter_agent.contract import DurationError, parse_duration
from troubleshooter_cli import options
from troubleshooter_cli.choosing import named_or_chosen
from troubleshooter_cli.errors import NotReadyError, UsageError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kubectl import shell
from troubleshooter_cli.talk import PROGRAM


@options.command("extend", "extend web 15m")
@click.argument("name", metavar="[NAME]")
@click.argument("time", metavar="TIME", default="", required=False)
@options.pass_invocation
def command(invocation: Invocation, name: str, time: str) -> int:
    """Let a running toolbox live longer, by a time like 15m.

    It asks as `shell extend` in the toolbox does: the operator grants what the class allows, and what is
    not granted changes nothing (exit status 1).
    """
    name, time = (name, time) if time else ("", name)
    try:
        parse_duration(time)
    except DurationError as error:
        raise UsageError(str(error), f"for example: {PROGRAM} extend {name or 'web'} 15m") from error
    box = named_or_chosen(invocation, name)
    if not box.is_ready:
        raise NotReadyError(
            f"toolbox {box.name} is not running, so it cannot live longer",
            f"{PROGRAM} again {box.name} starts the next run",
        )
    kubectl = invocation.kubectl
    return kubectl.foreground(kubectl.in_pod(box.pod, shell(invocation.user, "extend", time)))
