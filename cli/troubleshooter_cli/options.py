"""What all commands have in common on the command line: kubectl's flags, an example, the form of data."""

from collections.abc import Callable
from typing import Any, Final

import click

from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.talk import PROGRAM

FORMATS: Final = ("json", "yaml", "wide", "name")

Decorated = Callable[..., Any]
pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


def cluster_options(function: Decorated) -> Decorated:
    """The flags of kubectl for where to act; they may stand before a command's name or behind it."""
    options = (
        click.option(
            "-n", "--namespace", metavar="NAME", help="The namespace (default: the context's).", **_KEPT
        ),
        click.option("--context", metavar="NAME", help="The kubeconfig's context.", **_KEPT),
        click.option(
            "--kubeconfig", metavar="FILE", help="The kubeconfig (default: as kubectl has it).", **_KEPT
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def command(name: str, example: str, **settings: Any) -> Callable[[Decorated], click.Command]:
    """A command with kubectl's flags and an example (what follows `kubectl troubleshoot`)."""

    def decorate(function: Decorated) -> click.Command:
        make: Callable[[Decorated], click.Command] = click.command(
            name,
            epilog=f"\b\nexample: {PROGRAM} {example}".rstrip(),
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
            **settings,
        )
        return make(cluster_options(function))

    return decorate


def all_namespaces(function: Decorated) -> Decorated:
    """-A, as kubectl has it."""
    option = click.option("-A", "--all-namespaces", is_flag=True, help="In all namespaces.")
    return option(function)


def output(*formats: str) -> Callable[[Decorated], Decorated]:
    """-o; the argument is called `output` and empty for the table."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats or FORMATS),
        callback=_or_the_table,
        help="Another form of the data than the table.",
    )


def _or_the_table(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    del context, parameter  # click's signature
    return value or ""


def _keep(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    invocation = context.find_root().ensure_object(Invocation)
    if value is not None:
        setattr(invocation.flags, str(parameter.name), value)


_KEPT: Final[dict[str, Any]] = {"expose_value": False, "callback": _keep, "default": None}
