"""`doctor`: what is there, what is missing, and the line that mends it."""

from dataclasses import asdict

import click

from troubleshooter_cli import tables, talk
from troubleshooter_cli.diagnosis import diagnose
from troubleshooter_cli.entitlements import RIGHTS
from troubleshooter_cli.findings import Check, State
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.options import command as described
from troubleshooter_cli.options import output as output_option
from troubleshooter_cli.options import pass_invocation

MISSING = 1
INDENT = " " * 12


@described("doctor", "doctor --namespace=shop")
@output_option("json", "yaml")
@pass_invocation
def command(invocation: Invocation, output: str) -> int:
    """Say what is missing in cluster, policies, rights or storage, and what mends it.

    Nothing is changed. The exit status is 1 if something is missing.
    """
    with talk.waiting("looking at the cluster"):
        checks = _checks(invocation)
    if output:
        write = tables.write_json if output == "json" else tables.write_yaml
        write({"checks": [asdict(check) | {"state": str(check.state)} for check in checks]})
    else:
        for check in checks:
            click.echo(_line(check))
    return MISSING if any(check.state is State.MISSING for check in checks) else 0


def _checks(invocation: Invocation) -> list[Check]:
    from troubleshooter_cli.examination import examine  # noqa: PLC0415 - with it comes the Kubernetes client

    return diagnose(examine(invocation.api, invocation.kubectl, invocation.namespace, tuple(RIGHTS)))


def _line(check: Check) -> str:
    told = talk.printable(f"{check.state:<9}{check.name}: {check.message}")
    return f"{told}\n{INDENT}{talk.printable(check.remedy)}" if check.remedy else told
