"""A visit to a toolbox: the shell by the person's own kubectl, and what is said once it is over."""

import sys
import time
from collections.abc import Sequence
from typing import Final

import click

from troubleshooter_agent.contract import ExitCode
from troubleshooter_cli import farewell, talk
from troubleshooter_cli.choosing import named
from troubleshooter_cli.errors import NotFoundError, TroubleshootError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kubectl import shell
from troubleshooter_cli.pending import changes, stays, until_ready
from troubleshooter_cli.readings import Readings
from troubleshooter_cli.recordings import Recording, from_status
from troubleshooter_cli.toolboxes import Toolbox

END_SECONDS: Final = 10.0  # for the operator to say how a toolbox ended


def at_a_terminal() -> bool:
    """Whether a dialogue is possible; what is said on stderr may go elsewhere."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def await_shell(invocation: Invocation, box: Toolbox) -> Toolbox:
    """The toolbox once it is ready; a Ctrl-C meanwhile leaves it, and says so."""
    if box.is_ready and box.is_current and not box.is_ended:
        return box
    try:
        return until_ready(invocation.api, box)
    except KeyboardInterrupt:
        talk.say("")
        talk.say(stays(box))
        raise click.Abort from None


def open_shell(invocation: Invocation, box: Toolbox, words: Sequence[str] = ()) -> int:
    """A recorded shell or command in it; its exit status."""
    kubectl, terminal = invocation.kubectl, at_a_terminal()
    command = shell(invocation.user, *words)
    return kubectl.foreground(kubectl.in_pod(box.pod, command, terminal=terminal, keys=not terminal))


def visit(invocation: Invocation, box: Toolbox) -> int:
    """A shell in a toolbox that is ready, and afterwards what was recorded and what can come next."""
    status = open_shell(invocation, box)
    try:
        _leave(invocation, box, status)
    except NotFoundError:
        talk.say(f"toolbox {box.name} is deleted; what was recorded is on claim {box.claim}")
    except TroubleshootError as error:  # the shell's own status counts for more
        talk.complain(error.sentence, error.remedy)
    return status


def _leave(invocation: Invocation, before: Toolbox, status: int) -> None:
    box = named(invocation, before.name)
    found = _on_volume(invocation, box)
    if status == ExitCode.ENDED_BY_TOOLBOX:
        if farewell.goes_on(found, invocation.user):
            talk.say(f"your session in toolbox {box.name} goes on at another terminal")
            return
        box = _settled(invocation, box)
    latest = farewell.latest_of(found or _in_status(box), invocation.user)
    talk.say(talk.printable(farewell.recorded(box, latest)))
    talk.say(talk.printable(farewell.life(box, status, time.time())))
    for line in farewell.commands(box, latest, status):
        talk.hint(line)


def _settled(invocation: Invocation, before: Toolbox) -> Toolbox:
    """The toolbox with the reason of its end, as far as it is told soon."""
    deadline = time.monotonic() + END_SECONDS
    box = before
    for box in changes(invocation.api, before):
        if box.is_ended or time.monotonic() > deadline:
            break
    return box


def _on_volume(invocation: Invocation, box: Toolbox) -> list[Recording]:
    """While the toolbox runs: there nothing is late. Empty where it cannot be read."""
    if not (box.claim and box.is_ready):
        return []
    try:
        found = Readings(invocation.kubectl, invocation.user, box.pod).recordings()
    except TroubleshootError:
        return []
    return [one for one in found if one.name == box.name]


def _in_status(box: Toolbox) -> list[Recording]:
    told = (from_status(box.namespace, box.name, one, verified=True) for one in box.sessions)
    return [one for one in told if one]
