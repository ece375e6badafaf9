"""`stop`: the end of a run, politely."""

import time

import click

from troubleshooter_cli import options, talk
from troubleshooter_cli.choosing import named_or_chosen
from troubleshooter_cli.errors import NotReadyError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import TROUBLESHOOTER
from troubleshooter_cli.pending import changes
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox, toolbox

PATIENCE_SECONDS = 60.0  # an agent that does not answer is given 3 s, a pod 30 s


@options.command("stop", "stop web")
@click.argument("name", metavar="[NAME]", default="", required=False)
@options.pass_invocation
def command(invocation: Invocation, name: str) -> int:
    """End a toolbox and its sessions politely; everything recorded stays.

    Without NAME: your only running toolbox, or the only one that runs.
    """
    box = named_or_chosen(invocation, name)
    if box.is_running:
        patch = {"spec": {"state": "Stopped"}}
        changed = toolbox(invocation.api.patch(TROUBLESHOOTER, box.namespace, box.name, patch))
        box = _until_ended(invocation, changed)
    end = box.condition("Ended")
    how = f": {end.message} ({end.reason})" if end.is_true else " before it began"
    talk.say(talk.printable(f"toolbox {box.name} has ended{how}"))
    if box.claim and end.is_true:
        talk.hint(f"  {PROGRAM} sessions {box.name}   shows what was recorded; it is on claim {box.claim}")
    talk.hint(f"  {PROGRAM} again {box.name}   starts the next run")
    return 0


def _until_ended(invocation: Invocation, box: Toolbox) -> Toolbox:
    """The toolbox once its run is over, or was never to begin."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with talk.waiting(f"ending toolbox {box.name}"):
        for seen in changes(invocation.api, box):
            if seen.is_current and (seen.is_ended or not seen.status.get("run")):
                return seen
            if time.monotonic() > deadline:
                break
    raise NotReadyError(
        f"toolbox {box.name} has not ended after {PATIENCE_SECONDS:g} s", f"{PROGRAM} describe {box.name}"
    )
