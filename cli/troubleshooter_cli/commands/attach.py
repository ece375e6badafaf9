"""`attach`: go on with an open session, or look on."""

import re
from typing import Final

import click

from troubleshooter_cli import options
from troubleshooter_cli.choosing import choose, in_namespace, named
from troubleshooter_cli.errors import NotReadyError, UsageError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox
from troubleshooter_cli.visits import at_a_terminal, open_shell

_ID: Final = re.compile(r"[a-z0-9]{8}")


@options.command("attach", "attach web")
@click.argument("name", metavar="[NAME]", default="", required=False)
@click.argument("session", metavar="[ID]", default="", required=False)
@click.option("--view", is_flag=True, help="Look on without taking part.")
@options.pass_invocation
def command(invocation: Invocation, name: str, session: str, *, view: bool) -> int:
    """Go on with an open session of yours, screen and all.

    It leaves the terminal where it was. Without ID: your only open one. Without NAME: in your only running
    toolbox, or the only one that runs.
    """
    if not at_a_terminal():
        raise UsageError("attach needs a terminal", f"{PROGRAM} sessions shows what is open")
    box, wanted = _meant(invocation, name, session)
    if not box.is_ready:
        raise NotReadyError(
            f"toolbox {box.name} is not ready, so no session is open",
            f"{PROGRAM} describe {box.name} says why",
        )
    return open_shell(
        invocation, box, ["attach", *(["--view"] if view else []), *([wanted] if wanted else [])]
    )


def _meant(invocation: Invocation, name: str, session: str) -> tuple[Toolbox, str]:
    if session:
        return named(invocation, name), session
    boxes = in_namespace(invocation)
    box, wanted = meant(boxes, name)
    return box or choose(boxes, invocation.user, invocation.namespace), wanted


def meant(boxes: list[Toolbox], word: str) -> tuple[Toolbox | None, str]:
    """One word is a toolbox's name, else the id of a session in the toolbox that has it."""
    found = next((box for box in boxes if box.name == word), None)
    if found or not word:
        return found, ""
    if not _ID.fullmatch(word):
        raise UsageError(
            f"{word!r} is neither a toolbox nor the id of a session", f"{PROGRAM} list shows the toolboxes"
        )
    having = [box for box in boxes if any(one.get("id") == word for one in box.sessions)]
    return (having[0] if having else None), word
