"""The options of `start`, one for each field of a Troubleshooter's spec; `orders` makes the spec of them.

`run` has none: a new toolbox begins with its first, and `again` counts on.
"""

from collections.abc import Callable
from typing import Any, Final

import click

from troubleshooter_cli.options import Decorated

_TIME: Final = {"metavar": "TIME"}
_NAME: Final = {"metavar": "NAME"}


def _text(*names: str, **settings: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*names, default="", show_default=False, **settings)


def _flag(*names: str, **settings: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*names, is_flag=True, **settings)


def _many(*names: str, **settings: Any) -> Callable[[Decorated], Decorated]:
    return click.option(*names, multiple=True, **settings)


_OPTIONS: Final = (
    _text("--purpose", metavar="TEXT", help="Why; one line, for whoever sees the recording later."),
    _text("--ttl", help="How long it lives at most: 1m to 2h, like 45m (the class's, often 1h).", **_TIME),
    _text("--idle", help="How long nobody may work in it: 1m to 2h (the class's, often 15m).", **_TIME),
    _text("--class", "class_name", help="The TroubleshooterClass (the default one).", **_NAME),
    _text("--image", metavar="IMAGE", help="Another image that the class allows and that has the agent."),
    _text("--claim", help="The claim for the recordings (the toolbox's name and -recordings).", **_NAME),
    _text("--storage-class", help="The StorageClass of a new claim.", **_NAME),
    _text("--size", metavar="SIZE", help="The size of a new claim, like 500Mi."),
    _flag("--no-save", help="Write no recordings to a volume; the class must allow it."),
    _flag("--log", help="Also write sessions to the container's log, where others may read them."),
    _flag("--temporary-namespace", help="Run in a namespace of its own that goes afterwards."),
    _text("--node", help="Run on this node; the class must allow it.", **_NAME),
    _many("--node-selector", metavar="KEY=VALUE", help="Run on a node with this label; can be repeated."),
    _many(
        "--toleration",
        "tolerations",
        metavar="KEY[=VALUE][:EFFECT]",
        help="Tolerate a taint; can be repeated.",
    ),
    _many("--label", "labels", metavar="KEY=VALUE", help="A label of the pod; can be repeated."),
    _text("--ssh-secret", help="The secret of ssh keys; the class must allow it.", **_NAME),
    _text("--service-account", help="Mount the token of this service account.", **_NAME),
    _many("--access-user", "access_users", help="A colleague who may enter; can be repeated.", **_NAME),
    _many("--access-group", "access_groups", help="A group that may enter; can be repeated.", **_NAME),
    _flag("--root", help="Let root in; class and namespace must allow it."),
    click.option(
        "--run-as-user", type=click.IntRange(0, 2**31 - 1), metavar="UID", help="The numeric user in it."
    ),
    _text("--pod-name", help="The pod's name (the toolbox's).", **_NAME),
    _flag("--stopped", help="Make it without a pod, to be started later with `again`."),
)


def spec_options(function: Decorated) -> Decorated:
    """All of them; the command gets them by the names that `orders.spec_of` knows."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
