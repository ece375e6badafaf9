"""The options that say which recordings a command is about, and the `Sources` that they lead to."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from troubleshooter_cli.errors import UsageError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.options import Decorated, all_namespaces, pass_invocation
from troubleshooter_cli.sources import Scope, Sources


def selection(function: Callable[..., Any]) -> Decorated:
    """-A, --claim and --volume; the command gets `Sources` as its first argument."""

    @wraps(function)
    def run(invocation: Invocation, *, all_namespaces: bool, claim: str, volume: str, **rest: Any) -> Any:
        chosen = [
            flag
            for flag, given in (("-A", all_namespaces), ("--claim", claim), ("--volume", volume))
            if given
        ]
        if len(chosen) > 1:
            raise UsageError(f"{' and '.join(chosen)} cannot be given together", "leave out all but one")
        return function(Sources(invocation, Scope(all_namespaces, claim, volume)), **rest)

    decorated: Decorated = pass_invocation(run)
    for option in (_volume, _claim, all_namespaces):
        decorated = option(decorated)
    return decorated


_claim = click.option("--claim", metavar="NAME", default="", help="Only recordings on this claim.")
_volume = click.option(
    "--volume",
    metavar="NAME",
    default="",
    help="Only recordings on this PersistentVolume; if its claim is gone, it is bound again.",
)


def session_argument(*, what: str = "SESSION") -> Callable[[Decorated], Decorated]:
    """The recording that is meant; empty for the latest."""
    return click.argument("session", metavar=f"[{what}]", default="", required=False)
