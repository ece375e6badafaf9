"""What judges the recordings after a crash can condemn."""

import hashlib
import json
from pathlib import Path

import pytest
from verdict import Verdict, judge, missing

HEADER = '{"version":2,"width":80,"height":24}\n'
OUTPUT = '[0.1,"o","caf"]\n[0.2,"b","ww=="]\n[0.2,"o","\ufffd"]\n'
ENDED = '[0.2,"m","session ended: killed"]\n'
SEEN = b"caf\xc3"
KILLED = {"killed": True}


@pytest.fixture
def cast(tmp_path: Path) -> Path:
    cast = tmp_path / "x.cast"
    put(cast, HEADER + OUTPUT + ENDED)
    return cast


def put(cast: Path, text: str, **summary: object) -> None:
    """A cast with a summary that is right but for what is said."""
    cast.write_text(text)
    right = {
        "bytes": len(text.encode()),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "repaired": True,
        "why": "killed",
    }
    cast.with_suffix(".json").write_text(json.dumps({**right, **summary}))


def test_whole_recording_is_good(cast: Path) -> None:
    assert judge(cast, SEEN, KILLED) == Verdict("", 0)
    assert judge(cast, SEEN[:2], KILLED) == Verdict("", 0)


@pytest.mark.parametrize(
    ("seen", "lost"), [(b"caf\xc3\xa9", 1), (b"cafe", 1), (b"xaf\xc3", 4), (b"caf?more", 5)]
)
def test_relayed_bytes_that_are_not_there_are_counted(cast: Path, seen: bytes, lost: int) -> None:
    assert judge(cast, seen, KILLED).lost == lost
    assert missing(b"caf\xc3", seen) == lost


def test_cast_that_does_not_open_is_told(cast: Path) -> None:
    put(cast, HEADER + OUTPUT + ENDED[:-4])
    assert judge(cast, SEEN, KILLED) == Verdict("the last line is torn", 4)


@pytest.mark.parametrize("summary", [{"bytes": 1}, {"sha256": ""}, {"why": "exit status 0"}], ids=str)
def test_summary_of_something_else_is_told(cast: Path, summary: dict[str, object]) -> None:
    put(cast, HEADER + OUTPUT + ENDED, **summary)
    (fault,) = judge(cast, SEEN, KILLED).faults
    assert fault.startswith("the summary is of something else")


@pytest.mark.parametrize(
    "text",
    [HEADER + OUTPUT, HEADER + ENDED + OUTPUT, HEADER + OUTPUT + ENDED + ENDED],
    ids=["none", "not last", "two"],
)
def test_recording_without_one_last_marker_is_told(cast: Path, text: str) -> None:
    put(cast, text.replace("0.1", "0.2"))
    assert judge(cast, SEEN, KILLED).faults


def test_missing_summary_is_told(cast: Path) -> None:
    cast.with_suffix(".json").unlink()
    assert judge(cast, SEEN, KILLED).faults[0].startswith("no summary")


def test_mending_that_is_not_told_is_a_fault_where_one_was_due(cast: Path) -> None:
    put(cast, HEADER + OUTPUT + ENDED, repaired=False)
    (fault,) = judge(cast, SEEN, KILLED).faults
    assert fault.startswith("the summary knows of no mending")
    assert judge(cast, SEEN, {"killed": False}) == Verdict("", 0)
