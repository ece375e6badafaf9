"""/status and the termination message are untrusted: what does not fit the contract is no report at all."""

import json
from typing import Any

import pytest
from resource_objects import FAREWELL

from troubleshooter_operator.reports import Farewell, read_farewell, read_report

STATUS = {
    "agentVersion": "0.1.0",
    "startedAt": "2026-11-22T18:40:03Z",
    "expiresAt": "2026-11-22T19:40:03Z",
    "idleSince": None,
    "lastActivityAt": "2026-11-22T18:41:00Z",
    "timeToLiveSeconds": 3600.0,
    "idleTimeoutSeconds": 900.0,
    "ready": True,
    "end": "",
    "sessionsActive": 1,
    "sessionCount": 1,
    "recordedBytes": 457,
    "recordingFailures": 0,
    "chain": "",
    "sessions": json.loads(FAREWELL)["sessions"],
}


def test_a_report_of_the_contract_is_read() -> None:
    report = read_report(json.dumps(STATUS))
    assert report is not None
    assert (report.end, report.session_count, report.last_activity_at) == ("", 1, "2026-11-22T18:41:00Z")
    assert report.sessions[0]["user"] == "alice"


def test_a_farewell_of_the_contract_is_read() -> None:
    farewell = read_farewell(FAREWELL)
    assert isinstance(farewell, Farewell)
    assert (farewell.reason, farewell.message, farewell.chain) == ("IdleTimeout", "idle for 15m", "ab" * 32)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="a list"),
        pytest.param("{", id="cut off"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"sessionCount": ' + "9" * 5000 + "}", id="a number of 5000 digits"),
        pytest.param(b"\xff\xfe", id="no text"),
    ],
)
def test_what_is_no_object_is_no_report(text: str | bytes) -> None:
    assert read_report(text) is None
    assert read_farewell(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("end", None),
        ("end", 7),
        ("sessionCount", -1),
        ("sessionCount", True),
        ("sessionCount", "1"),
        ("sessionCount", 2**31),
        ("recordingFailures", 1.5),
        ("lastActivityAt", "yesterday"),
        ("lastActivityAt", "9" * 50),
        ("chain", "not hexadecimal"),
        ("chain", "ab"),
        ("sessions", {}),
        ("sessions", [7]),
        ("sessions", [{}]),
        ("sessions", [STATUS["sessions"][0] | {"bytes": -1}]),
        ("sessions", [STATUS["sessions"][0] | {"exitCode": 256}]),
        ("sessions", [STATUS["sessions"][0] | {"sha256": "zz"}]),
        ("sessions", [STATUS["sessions"][0] | {"startedAt": None}]),
    ],
)
def test_a_field_that_does_not_fit_spoils_the_report(field: str, value: Any) -> None:
    assert read_report(json.dumps(STATUS | {field: value})) is None


@pytest.mark.parametrize("reason", ["Evicted", "PodLost", "StartFailed", "Nonsense", "", None, 7, []])
def test_a_reason_that_an_agent_cannot_know_spoils_the_farewell(reason: Any) -> None:
    assert read_farewell(json.dumps(json.loads(FAREWELL) | {"reason": reason})) is None


def test_long_and_wild_text_is_cut_and_tamed() -> None:
    """Names and files go into the status: no control characters, no lone surrogates, bounded."""
    wild = STATUS["sessions"][0] | {"user": "a\x1b[31m\n" + "x" * 999, "file": "\ud800/f"}
    report = read_report(json.dumps(STATUS | {"sessions": [wild]}))
    assert report is not None
    assert report.sessions[0]["user"] == "a [31m " + "x" * 249
    assert report.sessions[0]["file"] == "?/f"


def test_ten_sessions_are_kept() -> None:
    many = [STATUS["sessions"][0] | {"id": str(number)} for number in range(50)]
    report = read_report(json.dumps(STATUS | {"sessions": many}))
    assert report is not None
    assert [session["id"] for session in report.sessions] == [str(number) for number in range(10)]
