"""Which toolbox is meant where none is named; pure, but for `named_or_chosen`, which asks the API server."""

from collections.abc import Sequence
from typing import Final

from troubleshooter_cli.errors import NotFoundError, UsageError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import TROUBLESHOOTER
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox, toolbox

_SHOWN: Final = 10


def choose(boxes: Sequence[Toolbox], user: str, namespace: str) -> Toolbox:
    """The person's only running toolbox, else the only one that runs; an error that names them otherwise."""
    running = [box for box in boxes if box.is_running]
    for candidates in ([box for box in running if box.is_of(user)], running):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            names = ", ".join(box.name for box in candidates[:_SHOWN])
            raise UsageError(f"several toolboxes run in namespace {namespace}: {names}", "name one of them")
    raise NotFoundError(
        f"no toolbox runs in namespace {namespace}", f"{PROGRAM} start makes one and opens a shell in it"
    )


def named_or_chosen(invocation: Invocation, name: str) -> Toolbox:
    """The one of that name, or the one that is meant without a name."""
    if name:
        return named(invocation, name)
    return choose(in_namespace(invocation), invocation.user, invocation.namespace)


def named(invocation: Invocation, name: str) -> Toolbox:
    return toolbox(invocation.api.get(TROUBLESHOOTER, invocation.namespace, name))


def in_namespace(invocation: Invocation) -> list[Toolbox]:
    return [toolbox(thing) for thing in invocation.api.items(TROUBLESHOOTER, invocation.namespace)]
