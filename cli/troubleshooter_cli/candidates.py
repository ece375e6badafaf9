"""What a half-typed word may become: names of things in the cluster, for `completion`.

A key was pressed and nobody asked for a message, so nothing is ever said or raised here, and a cluster that
does not answer within two seconds has no names.
"""

import re
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Final

import click
from click.shell_completion import CompletionItem

from troubleshooter_agent.contract import LABEL_RECORDINGS
from troubleshooter_cli.invocation import Invocation
from troubleshooter_cli.kinds import CLAIM, CLASS, NAMESPACE, TROUBLESHOOTER, VOLUME, Json, Kind
from troubleshooter_cli.talk import printable
from troubleshooter_cli.wanted import LAST

SECONDS: Final = 2.0
RECORDINGS: Final = f"{LABEL_RECORDINGS}=true"
# Shells split, expand and evaluate what they are given here: no name of Kubernetes has more than this.
SAFE: Final = re.compile(r"[\w.:@/+-]+", re.ASCII)

Found = Iterable[tuple[str, str]]
Source = Callable[[Invocation], Found]


def toolboxes(invocation: Invocation) -> Found:
    """Each with whether it is ready."""
    for each in invocation.api.items(TROUBLESHOOTER, invocation.namespace):
        yield each["metadata"]["name"], _ready(each)


def sessions(invocation: Invocation) -> Found:
    """What a recording is named by: its toolbox, as the latest there, or its id."""
    for each in invocation.api.items(TROUBLESHOOTER, invocation.namespace):
        name = each["metadata"]["name"]
        yield name, _ready(each)
        yield f"{name}/{LAST}", "its latest session"
        for session in (each.get("status") or {}).get("sessions") or ():
            yield str(session["id"]), f"{name}, {session.get('user')}, {session.get('startedAt')}"


def named(kind: Kind, labels: str = "") -> Source:
    """The names of all objects of a kind."""

    def source(invocation: Invocation) -> Found:
        for each in invocation.api.items(kind, invocation.namespace, labels=labels):
            yield each["metadata"]["name"], ""

    return source


def contexts(invocation: Invocation) -> Found:
    """Of the kubeconfig; no cluster is asked."""
    kubectl = invocation.kubectl
    for name in kubectl.capture(kubectl.words("config", "get-contexts", "--output=name")).decode().split():
        yield name, ""


# By what an argument is called, and by the option.
OF_ARGUMENTS: Final[dict[str, Source]] = {
    "name": toolboxes,
    "names": toolboxes,
    "toolbox": toolboxes,
    "toolboxes": toolboxes,
    "session": sessions,
    "sessions": sessions,
}
OF_OPTIONS: Final[dict[str, Source]] = {
    "--namespace": named(NAMESPACE),
    "--context": contexts,
    "--class": named(CLASS),
    "--claim": named(CLAIM, RECORDINGS),
    "--volume": named(VOLUME, RECORDINGS),
    "--toolbox": toolboxes,
    "--session": sessions,
    "--node": named(Kind("Node", "/api/v1", "nodes", namespaced=False)),
}


class Name(click.types.StringParamType):
    """Any text, with names from the cluster as candidates."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        del param  # it has chosen the source already
        invocation = ctx.find_root().ensure_object(Invocation)
        import_module("troubleshooter_cli.api")  # which takes its time, and says nothing of the cluster
        return [
            CompletionItem(name, help=printable(told) or None)
            for name, told in quietly(lambda: self._source(invocation))
            if name.startswith(incomplete) and SAFE.fullmatch(name)
        ]


def furnish(command: click.Command) -> None:
    """Give each parameter that stands for something in the cluster the names of what is there."""
    for parameter in command.params:
        if parameter.type is click.STRING and (source := _source_of(parameter)):
            parameter.type = Name(source)


def quietly(ask: Callable[[], Found], seconds: float = SECONDS) -> list[tuple[str, str]]:
    """What was found in time, sorted; nothing where anything went wrong."""
    try:
        with _deadline(seconds):
            return sorted(ask())
    except Exception:  # noqa: BLE001 - whatever it is, a traceback in the person's command line is worse
        return []


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """TimeoutError in the block when its time is up, whatever it waits for."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _source_of(parameter: click.Parameter) -> Source | None:
    if isinstance(parameter, click.Argument):
        return OF_ARGUMENTS.get(parameter.name or "")
    return next((OF_OPTIONS[option] for option in parameter.opts if option in OF_OPTIONS), None)


def _ready(toolbox: Json) -> str:
    conditions = (toolbox.get("status") or {}).get("conditions") or ()
    return next((str(each["reason"]) for each in conditions if each["type"] == "Ready"), "")
