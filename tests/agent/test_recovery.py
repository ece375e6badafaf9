"""What a dead recorder or a lost node left on the volume, on which a hostile person may have written too."""

import fcntl
import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from apart import apart
from casts import Cast
from processes import wait_for

from agent import RunningAgent, running_agent, start_agent, stop_agent
from troubleshooter_agent import recovery
from troubleshooter_agent.recovery import left_behind, mend, recover
from troubleshooter_agent.summary import Summary

HEADER = (
    b'{"version":2,"width":80,"height":24,"timestamp":1795372803,'
    b'"troubleshooter":{"user":"alice","verified":true,"run":3}}\n'
)
STARTED = b'[0.0,"m","recording started"]\n'
OUTPUT = b'[0.5,"o","caf\xc3\xa9\\r\\n"]\n[1.25,"r","120x40"]\n'
WHOLE = HEADER + STARTED + OUTPUT
NAME = "2026-11-22T18-40-03Z-3f9k2m1x.cast"
LOST = "the recorder ended without a word (a lost node or a killed pod)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of one toolbox on a volume."""
    folder = tmp_path / "shop" / "box"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def cast(folder: Path) -> Path:
    cast = folder / NAME
    cast.write_bytes(WHOLE)
    return cast


def recovered(root: Path, folder: Path) -> list[Summary]:
    found = list(recover(root, left_behind(folder)))
    assert [each for each in found if isinstance(each, OSError)] == []
    return [each for each in found if isinstance(each, Summary)]


def test_torn_line_goes_and_a_marker_says_why(cast: Path, tmp_path: Path) -> None:
    cast.write_bytes(WHOLE + b'[1.5,"o","half a li')
    assert mend(tmp_path, cast, "its recorder was killed by signal 9")
    assert cast.read_bytes() == WHOLE + b'[1.25,"m","session ended: its recorder was killed by signal 9"]\n'
    assert Cast.read(cast).cat() == "café\r\n".encode()


@pytest.mark.parametrize("length", range(len(HEADER + STARTED), len(WHOLE) + 1, 5))
def test_cast_cut_anywhere_opens_after_it_and_only_grows_by_its_marker(
    cast: Path, tmp_path: Path, length: int
) -> None:
    cast.write_bytes(WHOLE[:length])
    assert mend(tmp_path, cast, "killed")
    mended = Cast.read(cast)
    assert mended.markers == ["recording started", "session ended: killed"]
    assert WHOLE.startswith(cast.read_bytes().rpartition(b"[")[0])


def test_summary_tells_what_the_cast_knows(cast: Path, tmp_path: Path) -> None:
    os.utime(cast, (1795372900, 1795372900))
    summary = mend(tmp_path, cast, "killed")
    assert summary
    expected = {
        "id": "3f9k2m1x",
        "user": "alice",
        "verified": True,
        "run": 3,
        "startedAt": "2026-11-22T18:40:03Z",
        "endedAt": "2026-11-22T18:41:40Z",
        "exitCode": None,
        "why": "killed",
        "bytes": len(cast.read_bytes()),
        "sha256": hashlib.sha256(cast.read_bytes()).hexdigest(),
        "file": f"shop/box/{NAME}",
        "repaired": True,
        "leftOut": None,
        "transfer": None,
        "failure": None,
    }
    assert json.loads(cast.with_suffix(".json").read_text()) == expected
    assert json.loads((cast.parent / "index.jsonl").read_text()) == expected


def test_summary_of_a_cast_whose_end_is_told_says_the_same(cast: Path, tmp_path: Path) -> None:
    """A recorder may die between its last marker and its summary."""
    cast.write_bytes(WHOLE + b'[1.5,"m","session ended: idle for 15m"]\n')
    summary = mend(tmp_path, cast, "killed")
    assert summary
    assert (summary.why, Cast.read(cast).markers[-1]) == ("idle for 15m", "session ended: idle for 15m")


def test_who_knows_better_is_believed_more_than_the_file(cast: Path, tmp_path: Path) -> None:
    """A person can write into a cast, but does not become another person by it."""
    summary = mend(tmp_path, cast, "killed", session={"user": "eve", "verified": False, "run": 1})
    assert summary
    assert (summary.user, summary.verified, summary.run) == ("eve", False, 1)


@pytest.mark.parametrize(
    "session",
    ["[]", "3", "null", '{"run":"x","user":{},"verified":"yes"}', '{"run":1e300}', '{"user":null}'],
)
@pytest.mark.parametrize("timestamp", ['"soon"', "-5", "1e300", "null", "{}", "253402300800", "1795372803.5"])
def test_header_that_lies_about_its_types_stops_nobody(
    cast: Path, tmp_path: Path, session: str, timestamp: str
) -> None:
    header = f'{{"version":2,"width":80,"height":24,"timestamp":{timestamp},"troubleshooter":{session}}}\n'
    cast.write_bytes(header.encode() + STARTED)
    (summary,) = recovered(tmp_path, cast.parent)
    assert (summary.verified, summary.run) == (False, 1)
    assert summary.startedAt[:4] == "2026"


def test_index_goes_on_after_a_torn_line(cast: Path, tmp_path: Path) -> None:
    (cast.parent / "index.jsonl").write_bytes(b'{"id":"a"}\n{"id":"b","us')
    mend(tmp_path, cast, "killed")
    lines = (cast.parent / "index.jsonl").read_bytes().splitlines()
    assert lines[:2] == [b'{"id":"a"}', b'{"id":"b","us']
    assert json.loads(lines[2])["id"] == "3f9k2m1x"


def test_recording_that_lives_is_left_alone(cast: Path, tmp_path: Path) -> None:
    with cast.open("rb") as recorder:
        fcntl.flock(recorder, fcntl.LOCK_EX)
        assert recovered(tmp_path, cast.parent) == []
    assert cast.read_bytes() == WHOLE
    assert not cast.with_suffix(".json").exists()


def test_reader_that_looks_at_the_lock_is_waited_for(cast: Path, tmp_path: Path) -> None:
    with cast.open("rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        assert mend(tmp_path, cast, "killed", patience=0.05) is None
        fcntl.flock(reader, fcntl.LOCK_UN)
        assert mend(tmp_path, cast, "killed", patience=0.05)


def test_cast_with_a_summary_is_complete(cast: Path, tmp_path: Path) -> None:
    cast.with_suffix(".json").write_text("{}")
    assert recovered(tmp_path, cast.parent) == []
    assert cast.read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (HEADER + STARTED, True),
        (HEADER + STARTED[:-1], False),
        (HEADER, False),
        (HEADER[:20], False),
        (b"", False),
    ],
)
def test_recording_without_a_name_gets_one_only_if_it_had_begun(
    folder: Path, tmp_path: Path, content: bytes, *, kept: bool
) -> None:
    (folder / f".{NAME}.part").write_bytes(content)
    recovered(tmp_path, folder)
    assert not (folder / f".{NAME}.part").exists()
    assert (folder / NAME).exists() == kept
    assert (folder / NAME).with_suffix(".json").exists() == kept


def test_part_that_is_being_written_is_left_alone(folder: Path, tmp_path: Path) -> None:
    part = folder / f".{NAME}.part"
    part.write_bytes(HEADER)
    with part.open("rb") as recorder:
        fcntl.flock(recorder, fcntl.LOCK_EX)
        assert recovered(tmp_path, folder) == []
    assert part.read_bytes() == HEADER


@pytest.fixture
def traps(folder: Path, tmp_path: Path) -> Path:
    """What is called a cast and is none."""
    (tmp_path / "secret").write_bytes(b"not yours")
    (folder / "link.cast").symlink_to(tmp_path / "secret")
    (folder / ".link2.cast.part").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "fifo.cast")
    (folder / "folder.cast").mkdir()
    return folder


def test_what_is_no_ordinary_file_is_neither_opened_nor_waited_for(traps: Path, tmp_path: Path) -> None:
    assert recovered(tmp_path, traps) == []
    assert (tmp_path / "secret").read_bytes() == b"not yours"
    assert not list(traps.glob("*.json"))


def test_summary_whose_place_is_taken_by_a_trap_is_a_failure_that_is_told(cast: Path, tmp_path: Path) -> None:
    os.mkfifo(cast.parent / "index.jsonl")
    summary = mend(tmp_path, cast, "killed")
    assert summary
    assert summary.failure is not None
    assert summary.failure.startswith("its summary could not be written")


def test_one_that_cannot_be_mended_stays_whole_and_does_not_stop_the_others(tmp_path: Path) -> None:
    """On a full volume not even a part of the marker stays, and the next one has its turn."""
    code = """
from troubleshooter_agent.recovery import left_behind, recover
root = Path(sys.argv[1])
for name in ("a", "b"):
    (root / f"{name}.cast").write_bytes(Path(sys.argv[2]).read_bytes())
with contextlib.suppress(OSError):
    (root / "ballast").write_bytes(bytes(1 << 20))
found = [each.strerror for each in recover(root, left_behind(root))]
tell([found, [path.read_bytes().decode() for path in sorted(root.glob("*.cast"))]])
"""
    padding = 4090 - len(HEADER + STARTED + b'[0.5,"o",""]\n')  # the marker would need another page
    content = HEADER + STARTED + b'[0.5,"o","%s"]\n' % (b"x" * padding)
    (tmp_path / "whole").write_bytes(content)
    (tmp_path / "volume").mkdir()
    volume = tmp_path / "volume"
    found, casts = apart(code, str(volume), str(tmp_path / "whole"), volume=volume, options="size=16k")
    assert found == ["No space left on device", "No space left on device"]
    assert casts == [content.decode(), content.decode()]


def test_name_that_is_no_utf_8_does_not_stop_the_others(cast: Path, tmp_path: Path) -> None:
    """Anybody with a shell can make such a file."""
    hostile = cast.with_name(os.fsdecode(b"\xff.cast"))
    hostile.write_bytes(WHOLE)
    before = cast.with_name("0.cast")
    before.write_bytes(WHOLE)
    assert [summary.file for summary in recovered(tmp_path, cast.parent)] == [
        "shop/box/0.cast",
        f"shop/box/{NAME}",
        os.fsdecode(b"shop/box/\xff.cast"),
    ]
    assert json.loads(hostile.with_suffix(".json").read_text())["file"] == "shop/box/?.cast"


def test_folder_that_is_not_there_has_nothing_to_mend(tmp_path: Path) -> None:
    assert left_behind(tmp_path / "none") == recovery.LeftBehind((), ())


# With real agents.


def mended(agent: RunningAgent) -> list[str]:
    return agent.logged("mended")


def test_agent_after_a_lost_node_mends_once_its_lock_is_gone_and_records_meanwhile(tmp_path: Path) -> None:
    with running_agent(tmp_path) as first, first.bash("--user=alice") as shell:
        shell.type("echo before")
        (cast,) = first.casts
        cast = tmp_path / "recordings" / cast.relative_to(first.recordings)
        second = start_agent(tmp_path, time_to_live="1h", idle_timeout="1h")
        os.kill(first.recorders()[0], signal.SIGSTOP)  # or it may still tell that PID 1 is gone
        with cast.open("ab") as file:
            file.write(b'[99.0,"o","torn')
        stop_agent(first)
    try:
        assert second.run("-c", "echo after").stdout == b"after\n"
        wait_for(lambda: mended(second), "the mending")
        assert len(mended(second)) == 1
        assert len(second.casts) == 2
    finally:
        stop_agent(second)
    found = Cast.read(cast)
    assert found.markers == ["recording started", f"session ended: {LOST}"]
    assert "before\r\n" in found.shown
    assert found.cat().decode() == found.shown
    summary: dict[str, Any] = found.summary
    assert (summary["user"], summary["repaired"], summary["exitCode"]) == ("alice", True, None)
