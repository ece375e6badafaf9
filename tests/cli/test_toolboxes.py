"""Toolboxes as values: which one is meant, how they are listed, what is said of them at each end."""

from typing import Any

import pytest
from toolbox_objects import shown

from troubleshooter_agent.contract import parse_time
from troubleshooter_cli import description, farewell, listing
from troubleshooter_cli.choosing import choose
from troubleshooter_cli.commands.again import next_run
from troubleshooter_cli.commands.attach import meant
from troubleshooter_cli.commands.delete import what_stays
from troubleshooter_cli.commands.start import in_the_way
from troubleshooter_cli.errors import NotFoundError, UsageError
from troubleshooter_cli.recordings import Recording
from troubleshooter_cli.toolboxes import span

NOW = parse_time("2026-11-25T12:00:00Z")
OVER = ("IdleTimeout", "Nobody worked in it for 15m")
LIVING: dict[str, Any] = {
    "expiresAt": "2026-11-25T12:43:10Z",
    "resolved": {"idleTimeout": "15m", "timeToLive": "1h"},
}
BOUND: dict[str, Any] = {"recordings": {"claimName": "web-recordings", "persistentVolumeName": "pv-1"}}


def recording(
    name: str, *, started: str = "2026-11-25T11:50:00Z", ended: str = "", user: str = "alice"
) -> Recording:
    state = "ended" if ended else "running"
    return Recording(name, "f", "shop", "web", user, started, ended, seconds=90.0, bytes=1200, state=state)


def test_ones_own_running_toolbox_is_meant_before_any_other() -> None:
    boxes = [shown("web"), shown("hers", requestedBy="bob"), shown("old", ended=OVER)]
    assert choose(boxes, "alice", "shop").name == "web"
    assert choose(boxes[1:], "carol", "shop").name == "hers"


def test_none_and_several_are_errors_with_a_remedy() -> None:
    with pytest.raises(NotFoundError, match="no toolbox runs in namespace shop") as none:
        choose([shown(ended=OVER)], "alice", "shop")
    assert none.value.remedy.startswith("kubectl troubleshoot start")
    with pytest.raises(UsageError, match="several toolboxes run in namespace shop: a, b"):
        choose([shown("a"), shown("b")], "alice", "shop")


def test_where_nobody_checks_names_the_only_one_is_meant() -> None:
    assert choose([shown(requestedBy="unverified")], "alice", "shop").name == "web"


def test_a_word_for_attach_is_a_toolbox_or_an_open_session() -> None:
    boxes = [shown("web", sessions=[{"id": "abcd2345"}]), shown("webwebwe")]
    assert meant(boxes, "webwebwe") == (boxes[1], "")
    assert meant(boxes, "abcd2345") == (boxes[0], "abcd2345")
    assert meant(boxes, "zzzz9999") == (None, "zzzz9999")
    assert meant(boxes, "") == (None, "")
    with pytest.raises(UsageError, match="'nope' is neither a toolbox nor the id of a session"):
        meant(boxes, "nope")


def test_the_rows_of_a_list() -> None:
    running = shown(sessionCount=2, **LIVING)
    assert listing.row(running, NOW) == ("web", "yes", "ShellAvailable", "2", "alice", "in 43m", "1h")
    assert listing.row(shown(ended=OVER, ready=("Ended", "")), NOW)[1:3] == ("no", "Ended: IdleTimeout")
    assert listing.row(shown(ready=None), NOW)[2] == "Unseen"
    wide = listing.row(running, NOW, wide=True, namespaces=True)
    assert len(wide) == len(listing.titles(wide=True, namespaces=True))
    assert wide[0] == "shop"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (12.9, "12s"), (59, "59s"), (61, "1m"), (5400, "1h30m"), (86400, "1d"), (187200, "2d4h")],
)
def test_a_span_has_two_units_at_most(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_the_name_of_a_toolbox_that_is_there_leads_into_it() -> None:
    said = in_the_way(shown())
    assert said[0] == "toolbox web is there already"
    assert said[1] == "kubectl troubleshoot shell web opens a shell in it; or take another name"
    said = in_the_way(shown(ended=OVER))
    assert said[0] == "toolbox web has ended"
    assert said[1].startswith("kubectl troubleshoot again web starts it anew on the same volume")


def test_the_next_run_is_the_one_after_the_last_that_began() -> None:
    guarded = {"resourceVersion": "7"}
    assert next_run(shown(ended=OVER)) == {"metadata": guarded, "spec": {"state": "Running", "run": 2}}
    never = shown(spec={"state": "Stopped"}, run=None)
    assert next_run(never) == {"metadata": guarded, "spec": {"state": "Running", "run": 1}}
    assert next_run(shown(spec={"run": 4}, run=4, ended=OVER))["spec"]["run"] == 5


def test_after_a_shell_the_session_that_ended_last_is_told() -> None:
    first = recording("aaaaaaaa", ended="2026-11-25T11:51:00Z")
    last = recording("bbbbbbbb", ended="2026-11-25T11:58:00Z")
    hers = recording("cccccccc", ended="2026-11-25T11:59:00Z", user="bob")
    assert farewell.latest_of([last, first, hers], "alice") is last
    assert (
        farewell.recorded(shown(), last) == "recorded as bbbbbbbb, 1m30s, 1200 bytes, on claim web-recordings"
    )
    assert not farewell.goes_on([first, last], "alice")
    assert farewell.goes_on([first, recording("dddddddd")], "alice")


def test_what_is_in_the_log_alone_or_nowhere_is_not_called_recorded_on_a_claim() -> None:
    unsaved = {"saveToDisk": {"enabled": False}}
    assert farewell.recorded(shown(spec=unsaved), None).startswith("the session was not recorded")
    logged = shown(spec=unsaved | {"logToStdout": True}, podName="web")
    assert farewell.recorded(logged, None) == "the session is in the log of pod web"


def test_how_long_it_still_lives_is_told_with_what_can_come_sooner() -> None:
    assert farewell.life(shown(**LIVING), 0, NOW) == (
        "toolbox web lives until 2026-11-25T12:43:10Z (43m left), sooner if nobody works in it for 15m"
    )
    assert farewell.life(shown(ended=OVER), 124, NOW) == (
        "toolbox web has ended: Nobody worked in it for 15m (IdleTimeout)"
    )


def test_the_commands_that_follow_are_those_that_can_be() -> None:
    going_on = farewell.commands(shown(), recording("bbbbbbbb"), 0)
    assert [line.split()[2] for line in going_on] == ["play", "shell", "extend", "stop"]
    over = farewell.commands(shown(ended=OVER), None, 124)
    assert [line.split()[2:4] for line in over] == [["play", "web/last"], ["again", "web"]]


def test_a_deleted_toolbox_leaves_its_recordings() -> None:
    assert what_stays(shown(**BOUND)) == (
        "  its recordings stay, on claim web-recordings and volume pv-1: "
        "kubectl troubleshoot sessions --claim web-recordings"
    )
    assert what_stays(shown(spec={"saveToDisk": {"enabled": False}})).startswith("  nothing stays")


def test_a_description_shows_strangers_text_as_text() -> None:
    box = shown(
        spec={"purpose": "look \x1b[31mred"}, ready=("VolumePending", "Claim is \x1b]0;bad"), **LIVING
    )
    told = [*description.facts(box, NOW), *description.conditions(box)]
    assert "Purpose:       look \\x1b[31mred" in told
    assert "Life time:     1h, until 2026-11-25T12:43:10Z (43m left)" in told
    assert "    Claim is \\x1b]0;bad" in told
    assert told[-1].startswith("  What to do: kubectl troubleshoot doctor")
