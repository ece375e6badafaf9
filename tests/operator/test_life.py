"""The life time in force: what the spec asks for, what a shell asks for, and which of them wins when."""

from dataclasses import replace
from typing import Any

import pytest
from resource_objects import pod, run_status, running, troubleshooter

from troubleshooter_operator.life import Life, life
from troubleshooter_operator.reports import Report
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.run import Run
from troubleshooter_operator.toolbox import toolbox

REPORT = Report(
    end="",
    wanted_time_to_live="",
    session_count=0,
    recording_failures=0,
    last_activity_at=None,
    chain="",
    sessions=(),
)


def run(**resolved: Any) -> Run:
    status = run_status()
    found = Run.from_status(status | {"resolved": status["resolved"] | resolved})
    assert found is not None
    return found


def look(spec: Any, before: Run, wanted: str = "", cap: int = 7860) -> Life:
    made = pod(running())
    made["spec"]["activeDeadlineSeconds"] = cap
    report = replace(REPORT, wanted_time_to_live=wanted)
    return life(parse(troubleshooter(spec)), before, toolbox(made), report)


def outcome(found: Life) -> tuple[str, str | None, str | None]:
    assert found.run.resolved is not None
    return found.run.resolved.time_to_live, found.run.resolved.extended_from, found.run.expires_at


def test_a_shell_gets_the_life_it_asks_for() -> None:
    """From the container's start, 18:40:03, as everything else."""
    found = look({}, run(), "1h30m")
    assert outcome(found) == ("1h30m", "", "2026-11-22T20:10:03Z")
    assert (found.refused, found.extension) == (None, "")


def test_an_extension_holds_against_the_spec_it_was_granted_over() -> None:
    """The spec still says 1h; that is no new wish."""
    extended = look({"timeToLive": "1h"}, run(), "1h30m").run
    assert outcome(look({"timeToLive": "1h"}, extended)) == ("1h30m", "1h", "2026-11-22T20:10:03Z")


def test_a_later_change_of_the_spec_ends_an_extension() -> None:
    extended = look({"timeToLive": "1h"}, run(), "1h30m").run
    assert outcome(look({"timeToLive": "70m"}, extended)) == ("70m", None, "2026-11-22T19:50:03Z")


def test_a_second_extension_goes_on_from_the_first() -> None:
    extended = look({}, run(), "1h30m").run
    assert outcome(look({}, extended, "2h"))[0] == "2h"


def test_a_granted_wish_that_the_agent_still_shows_changes_nothing() -> None:
    extended = look({}, run(), "1h30m").run
    assert look({}, extended, "1h30m") == Life(extended)


@pytest.mark.parametrize("wanted", ["30m", "1h", "60m", "0s"])
def test_a_shell_never_shortens_the_life_of_all(wanted: str) -> None:
    assert look({}, run(), wanted) == Life(run())


@pytest.mark.parametrize(
    ("most", "cap", "sentence"),
    [
        ("1h15m", 7860, "timeToLive 90m is above the 1h15m that class default allows; ask for less"),
        (
            "2h",
            600 + 60 + 3600,
            "timeToLive 90m is above the 1h that this pod was made for; ask for less, or for the next run",
        ),
    ],
)
def test_what_cannot_be_granted_is_told_and_changes_nothing(most: str, cap: int, sentence: str) -> None:
    """Never clamped: the old deadline stays, and the toolbox is as ready as before."""
    before = run(maxTimeToLive=most)
    found = look({}, before, "90m", cap)
    assert found == Life(before, extension=f"90m: {sentence}")


def test_before_the_container_starts_nothing_is_extended() -> None:
    before = replace(run(), started_at=None)
    assert look({}, before, "90m") == Life(before)
