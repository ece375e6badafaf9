"""What `doctor` has seen and what it says of that, as values; and how both are read. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from troubleshooter_agent.contract import ANNOTATION_DEFAULT_CLASS, GROUP
from troubleshooter_cli.kinds import TROUBLESHOOTER, Json


@dataclass(frozen=True)
class Right:
    """A verb on a resource in the person's namespace; `name` for that object alone."""

    verb: str
    resource: str
    group: str = GROUP
    subresource: str = ""
    name: str = ""


@dataclass(frozen=True)
class Findings:
    """What was seen; None where the person may not look, or nothing can be told."""

    user: str
    namespace: str
    kubectl: str | None  # v1.36.2; None: there is none
    server: str
    kinds: frozenset[str] = frozenset()  # of ours, as the API server serves them
    operators: tuple[Json, ...] | None = None
    policies: tuple[Json, ...] | None = None
    bindings: tuple[Json, ...] | None = None
    rewriting: tuple[Json, ...] | None = None
    requesters_checked: bool | None = None
    rights: Mapping[Right, bool] = field(default_factory=dict)
    storage_classes: tuple[Json, ...] | None = None
    classes: tuple[Json, ...] | None = None
    usable: frozenset[str] = frozenset()  # classes
    home: Json | None = None  # the namespace
    has_home: bool = True
    nodes: tuple[Json, ...] | None = None
    toolboxes: tuple[Json, ...] | None = None

    @property
    def is_installed(self) -> bool:
        return TROUBLESHOOTER.plural in self.kinds

    @property
    def default_class(self) -> Json | None:
        return default_of(self.classes or (), ANNOTATION_DEFAULT_CLASS)


class State(StrEnum):
    OK = "ok"
    MISSING = "missing"
    NOTE = "note"  # nothing that stops, or what this person may not see


@dataclass(frozen=True)
class Check:
    """One line of what was found; `remedy` is a command or a sentence, empty where nothing is to be done."""

    name: str
    state: State
    message: str
    remedy: str = ""


def default_of(objects: Sequence[Json], annotation: str) -> Json | None:
    """The newest of those that are marked, as Kubernetes has it."""
    marked = [
        each for each in objects if (each["metadata"].get("annotations") or {}).get(annotation) == "true"
    ]
    return max(marked, key=lambda each: str(each["metadata"].get("creationTimestamp")), default=None)


def edit_role(found: Findings) -> str:
    """What an administrator types, so that the person may edit the namespace."""
    name = re.sub(r"[^a-z0-9-]+", "-", f"troubleshooter-{found.user}".lower()).strip("-")
    place = f"--namespace={found.namespace}"
    return f"kubectl create rolebinding {name} {place} --clusterrole=edit --user={_quoted(found.user)}"


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w.:@/+-]+", word, re.ASCII) else "'" + word.replace("'", "'\\''") + "'"


def names_of(objects: Sequence[Json]) -> str:
    return joined(sorted(str(each["metadata"]["name"]) for each in objects))


def joined(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"
