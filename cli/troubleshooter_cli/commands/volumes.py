"""`volumes`: where recordings are kept, whose they are, how old and how large."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from troubleshooter_agent import contract
from troubleshooter_cli import options, talk
from troubleshooter_cli.errors import ForbiddenError
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import CLAIM, VOLUME, Json
from troubleshooter_cli.options import all_namespaces, output, pass_invocation
from troubleshooter_cli.retained import TITLES, Kept, of_claim, of_volume
from troubleshooter_cli.tables import write_json, write_table

_LABELS = f"{contract.LABEL_RECORDINGS}=true"


@options.command("volumes", "volumes -A")
@click.option(
    "--bind",
    metavar="VOLUME",
    default="",
    help="Bind this volume again, whose claim is gone, in the namespace.",
)
@all_namespaces
@output("json")
@pass_invocation
def command(invocation: Invocation, *, bind: str, all_namespaces: bool, output: str) -> int:
    """Show the volumes with recordings: whose, how old and how large.

    Of the namespace's toolboxes, or with -A of all; also when their latest run ended, and whether a claim
    still holds them. Who may not list volumes sees the namespace's claims.
    """
    if bind:
        _bind(invocation, bind)
    kept = sorted(_kept(invocation, everywhere=all_namespaces), key=lambda each: each.since)
    if output == "json":
        write_json([each.json for each in kept])
    elif kept:
        now = datetime.now(UTC).timestamp()
        write_table(TITLES, [each.row(now) for each in kept])
    if not kept:
        where = "in the cluster" if all_namespaces else f"of namespace {invocation.namespace}"
        talk.say(f"no volumes with recordings {where}")
    if any(each.status == "Released" for each in kept):
        talk.hint("a Released one is bound again and read with: kubectl troubleshoot sessions --volume NAME")
    return 0


def _kept(invocation: Invocation, *, everywhere: bool) -> Sequence[Kept]:
    namespace = None if everywhere else invocation.namespace
    try:
        volumes: Sequence[Json] = invocation.api.items(VOLUME, None, labels=_LABELS)
    except ForbiddenError:
        talk.hint(
            "you may not list volumes, so here are the claims: one whose claim is gone is not among them"
        )
        return [of_claim(claim) for claim in invocation.api.items(CLAIM, namespace, labels=_LABELS)]
    kept = [of_volume(volume) for volume in volumes]
    return [each for each in kept if namespace in {None, each.namespace, each.claim_namespace}]


def _bind(invocation: Invocation, name: str) -> None:
    from troubleshooter_cli.binding import bind_again, volume_named  # noqa: PLC0415 - heavy

    bind_again(invocation.api, volume_named(invocation.api, name, invocation.namespace), invocation.namespace)
