"""Every state and everything that can happen in it: docs/states.md says what is done, and that is done."""

import re
from pathlib import Path
from typing import Final

import pytest
from happenings import EVENTS, moments
from moments import STATES, Moment

from troubleshooter_operator.actions import (
    Action,
    Announce,
    DeleteTroubleshooter,
    PatchClaim,
    PatchPod,
    PatchVolume,
)
from troubleshooter_operator.claim import Changes
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.status import status

PAGE: Final = Path(__file__).parents[2] / "docs" / "states.md"
CELL: Final = re.compile(r"\s*\|\s*")
MOMENTS: Final = moments()


def rows() -> dict[tuple[str, str], tuple[str, ...]]:
    """Pair, with what the page says: done first, done after the status, Ready, Ended, next look."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for part in PAGE.read_text().split("\n## ")[1:]:
        state, _, text = part.partition("\n")
        for line in text.splitlines():
            cells = CELL.split(line.strip().strip("|").strip())
            if line.startswith("| ") and cells[0] in EVENTS:
                assert (state, cells[0]) not in found, f"{state}, {cells[0]} stands there twice"
                found[state, cells[0]] = tuple(cells[1:])
    return found


ROWS: Final = rows()


def done(moment: Moment) -> tuple[str, ...]:
    """What the plan says, in the words of the page."""
    asked = parse(moment.asked)
    planned = plan(asked, moment.world, moment.now)
    whole = status(asked, planned.run, planned.ready, moment.now, moment.world.requested_by)
    told = {each["type"]: each for each in whole["conditions"]}
    again = "" if planned.look_again is None else f"{planned.look_again - moment.now:g} s"
    return (
        ", ".join(map(_word, planned.before)),
        ", ".join(map(_word, planned.after)),
        told["Ready"]["reason"],
        told["Ended"]["reason"],
        again,
    )


def _word(action: Action) -> str:
    match action:
        case PatchPod(annotations=notes, labels=marks):
            said = [f"{_last(name)}={(value or '').partition(':')[0]}" for name, value in notes.items()]
            return f"pod {' '.join([*said, *(['labels'] if marks else [])])}"
        case PatchClaim(annotations=notes):
            return f"claim {_marks(notes)}"
        case PatchVolume(patch=patch):
            kept = ["Retain"] if "spec" in patch else []
            marked = [_marks(patch["metadata"]["annotations"])] if "annotations" in patch["metadata"] else []
            return f"volume {' '.join([*kept, *marked])}"
        case Announce():
            return "Event"
        case DeleteTroubleshooter():
            return "delete it"
        case _:
            return _NAMES[type(action).__name__]


_NAMES: Final = {"CreateClaim": "make claim", "CreatePod": "make pod", "DeletePod": "delete pod"}


def _marks(notes: Changes) -> str:
    names = [_last(name) for name in notes]
    return next((name for name in ("ended-at", "started-at") if name in names), "marks")


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def test_the_page_has_a_row_for_each_pair_that_can_be_and_no_other() -> None:
    assert set(ROWS) == set(MOMENTS)
    assert {state for state, _ in ROWS} == set(STATES)


@pytest.mark.parametrize("pair", MOMENTS, ids=", ".join)
def test_what_is_done(pair: tuple[str, str]) -> None:
    assert done(MOMENTS[pair]) == ROWS[pair]
