"""One recording as a value: what the agent's list and a status tell, and what is made of nonsense."""

import json

from troubleshooter_cli.recordings import Recording, from_line, from_status, in_order

LINE = {
    "id": "3f9k2m1x",
    "file": "shop/web/2026-11-22T18-40-03Z-3f9k2m1x.cast",
    "namespace": "shop",
    "name": "web",
    "run": 1,
    "user": "alice",
    "verified": True,
    "purpose": "checkout answers 502",
    "startedAt": "2026-11-22T18:40:03Z",
    "endedAt": "2026-11-22T18:41:33Z",
    "seconds": 90.4,
    "exitCode": 0,
    "bytes": 1234,
    "sha256": "a" * 64,
    "state": "ended",
    "reason": "the shell ended",
}


def line(**changes: object) -> bytes:
    return json.dumps(LINE | changes).encode() + b"\n"


def test_a_line_of_the_list_is_a_row() -> None:
    found = from_line(line())
    assert found is not None
    assert found.row == (
        "3f9k2m1x", "2026-11-22T18:40:03Z", "shop/web", "alice", "1m30s", "0", "1234", "ended",
        "checkout answers 502",
    )  # fmt: skip


def test_a_name_that_nothing_checked_is_told_as_claimed() -> None:
    found = from_line(line(verified=False))
    assert found is not None
    assert found.row[3] == "alice (claimed)"


def test_what_runs_has_no_end() -> None:
    found = from_line(line(endedAt=None, seconds=None, exitCode=None, sha256=None, state="running"))
    assert found is not None
    assert found.is_running
    assert found.row[4:8] == ("", "", "1234", "running")
    assert found.json["endedAt"] is None
    assert found.json["startedAt"] == "2026-11-22T18:40:03Z"


def test_what_is_no_recording_is_left_out() -> None:
    for nonsense in (b"", b"[]", b"{}", b"\xff", line(id="../../x"), line(id=7)):
        assert from_line(nonsense) is None


def test_fields_of_another_type_are_not_known() -> None:
    found = from_line(line(user={"a": 1}, bytes="many", exitCode=True, seconds="1", state=None))
    assert found is not None
    assert (found.user, found.bytes, found.exit_code, found.seconds) == ("", 0, None, None)
    assert found.state == "unreadable"


def test_a_status_tells_of_its_own_toolbox() -> None:
    """The file's name says shop/web whatever the status' own namespace is; the resource's counts."""
    told = {key: LINE[key] for key in ("id", "user", "startedAt", "endedAt", "exitCode", "bytes", "file")}
    found = from_status("here", "web", told, verified=True)
    assert found is not None
    assert (found.namespace, found.name, found.seconds, found.state) == ("here", "web", 90.0, "ended")
    running = from_status("here", "web", told | {"endedAt": None}, verified=False)
    assert running is not None
    assert running.is_running


def test_the_oldest_is_first_and_each_is_there_once() -> None:
    def one(name: str, started: str) -> Recording:
        return Recording(name, "", "shop", "web", "alice", started)

    late, early = one("bbbbbbbb", "2026-11-22T18:40:03Z"), one("aaaaaaaa", "2026-11-22T18:40:02Z")
    assert in_order([late, early, late]) == [early, late]
