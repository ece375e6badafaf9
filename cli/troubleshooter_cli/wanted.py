"""Which recording is meant: an id or how one begins, `NAME/last`, `NAME/ID`, NAME, or the latest; pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from troubleshooter_cli.errors import NotFoundError, UsageError
from troubleshooter_cli.recordings import Recording, in_order

LAST: Final = "last"
_ID_PART: Final = re.compile(r"[a-z0-9]{1,8}")
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FORMS: Final = (
    "write an id (8 of a-z and 0-9, or how it begins), NAME, NAME/last or NAME/ID, NAME being the toolbox's"
)
_MOST_SHOWN: Final = 5


@dataclass(frozen=True)
class Wanted:
    """`name`: only of that toolbox; `id`: how the id begins; both empty: the latest of all.

    `is_one`: a single recording was asked for, by its id or as the last one.
    """

    name: str = ""
    id: str = ""
    is_one: bool = False

    def takes(self, recording: Recording) -> bool:
        return recording.id.startswith(self.id) and self.name in {"", recording.name}

    def __str__(self) -> str:
        return "/".join(part for part in (self.name, self.id or (LAST if self.name else "")) if part) or LAST


def parse(text: str, names: Collection[str] = ()) -> Wanted:
    """What `text` means where `names` are the toolboxes that are known: a name goes before an id.

    UsageError if it can be neither.
    """
    name, slash, rest = text.partition("/")
    if text in {"", LAST}:
        return Wanted(is_one=bool(text))
    if not slash and name not in names and _ID_PART.fullmatch(name):
        return Wanted(id=name, is_one=True)
    if _NAME.fullmatch(name) and (rest == LAST or not slash):
        return Wanted(name=name, is_one=rest == LAST)
    if _NAME.fullmatch(name) and _ID_PART.fullmatch(rest):
        return Wanted(name, rest, is_one=True)
    raise UsageError(f"{text!r} is no recording", _FORMS)


def choose(wanted: Wanted, recordings: Sequence[Recording]) -> Recording | None:
    """The one that is meant; None if none is. UsageError if an id's beginning is that of several."""
    taken = in_order(one for one in recordings if wanted.takes(one))
    if wanted.id and len(taken) > 1:
        shown = ", ".join(f"{one.name}/{one.id}" for one in taken[-_MOST_SHOWN:])
        raise UsageError(f"{len(taken)} recordings begin with {wanted}: {shown}", "write more of the id")
    return taken[-1] if taken else None


def not_found(wanted: Wanted, where: str) -> NotFoundError:
    """What to say where nothing is meant by it."""
    if wanted.id:
        sentence = f"there is no recording {wanted} {where}"
    else:
        sentence = f"there is no recording{f' of {wanted.name}' if wanted.name else ''} {where}"
    return NotFoundError(
        sentence, "kubectl troubleshoot sessions shows what there is; -A looks in all namespaces"
    )
