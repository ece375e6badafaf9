"""Whether the person has the rights that a shell and its replay need, and a class to use; pure."""

from typing import Final

from troubleshooter_agent.contract import ANNOTATION_DEFAULT_CLASS
from troubleshooter_cli.findings import Check, Findings, Right, State, edit_role, joined, names_of
from troubleshooter_cli.kinds import REPLAY, TROUBLESHOOTER

RECORDINGS: Final = Right("get", TROUBLESHOOTER.plural, subresource="recordings")
# What each is needed for; recordings only where policies ask for it.
RIGHTS: Final[dict[Right, str]] = {
    Right("create", TROUBLESHOOTER.plural): "start toolboxes",
    Right("get", TROUBLESHOOTER.plural): "see a toolbox",
    Right("list", TROUBLESHOOTER.plural): "list toolboxes",
    Right("watch", TROUBLESHOOTER.plural): "watch toolboxes",
    Right("patch", TROUBLESHOOTER.plural): "stop, extend and start again",
    Right("delete", TROUBLESHOOTER.plural): "delete toolboxes",
    Right("get", "pods", group=""): "find the pod of a toolbox",
    Right("create", "pods", group="", subresource="exec"): "open shells and read recordings",
    Right("get", "persistentvolumeclaims", group=""): "find recordings",
    Right("create", REPLAY.plural): "read recordings whose toolbox is gone",
    RECORDINGS: "read recordings that others made",
}


def rights(found: Findings) -> Check:
    if not found.is_installed:
        return Check("rights", State.NOTE, "not to be told before Troubleshooter is installed")
    lacking = [right for right in RIGHTS if not found.rights.get(right)]
    if found.requesters_checked is False and RECORDINGS in lacking:
        lacking.remove(RECORDINGS)  # nothing asks for it
    if not lacking:
        return Check("rights", State.OK, f"{found.user} has all {len(RIGHTS)} in {found.namespace}")
    cannot = "; ".join(f"{RIGHTS[right]} ({_spelled(right)})" for right in lacking)
    return Check(
        "rights", State.MISSING, f"{found.user} may not, in {found.namespace}: {cannot}", edit_role(found)
    )


def classes(found: Findings) -> Check:
    if not found.is_installed:
        return Check("classes", State.NOTE, "none before Troubleshooter is installed")
    if found.classes is None:
        return _unseen(found)
    if not found.classes:
        remedy = "kubectl apply -f deploy/base/class.yaml"
        return Check("classes", State.MISSING, "there is no class, so nothing can be asked for", remedy)
    default = found.default_class
    if default is None:
        name = found.classes[0]["metadata"]["name"]
        return Check(
            "classes",
            State.MISSING,
            f"none of {names_of(found.classes)} is the default",
            f"kubectl annotate troubleshooterclass {name} {ANNOTATION_DEFAULT_CLASS}=true",
        )
    return _use(found, default["metadata"]["name"])


def _unseen(found: Findings) -> Check:
    """Classes belong to no namespace, so whoever edits one may use some and list none."""
    if found.usable:
        said = f"you may use {joined(sorted(found.usable))}; you may not see the others"
        return Check("classes", State.OK, said)
    return Check("classes", State.NOTE, "you may not see the classes")


def _use(found: Findings, default: str) -> Check:
    if default in found.usable or found.requesters_checked is False:
        return Check("classes", State.OK, f"{default} is the default; yours: {joined(sorted(found.usable))}")
    said = f"{found.user} may not use the class {default}, which is the default"
    remedy = (
        edit_role(found)
        if default == "default"
        else f"ask an administrator for the verb use on troubleshooterclasses/{default}"
    )
    return Check("classes", State.MISSING, said, remedy)


def _spelled(right: Right) -> str:
    subresource = f"/{right.subresource}" if right.subresource else ""
    return f"{right.verb} {right.resource}{subresource}"
