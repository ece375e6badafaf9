"""A cast on a volume: never overwritten, never shared, never ending in half a line."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from apart import apart, racing
from kubelet import AS_TOOLBOX_USER

from troubleshooter_agent.errors import NotRecordedError
from troubleshooter_agent.recording import Recording, part_of

FIRST = b'{"version":2}\n[0.0,"m","recording started"]\n'


@pytest.fixture
def cast(tmp_path: Path) -> Path:
    return tmp_path / "shop" / "box" / "x.cast"


@pytest.fixture
def recording(cast: Path) -> Iterator[Recording]:
    recording = Recording.create(cast, FIRST)
    yield recording
    recording.release_reserve()
    os.close(recording.fd)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_cast_is_alone_in_its_folder_and_holds_its_first_lines(recording: Recording, cast: Path) -> None:
    """No part file, no reserve: what is unlinked frees its room whatever becomes of the recorder."""
    assert cast.read_bytes() == FIRST
    assert names(cast.parent) == ["x.cast"]


def test_only_user_and_group_may_look(tmp_path: Path) -> None:
    """With the umask of PID 1; the group is how a later pod of another uid mends what is torn."""
    code = """
from troubleshooter_agent.recording import Recording
os.umask(0)
cast = Path(sys.argv[1]) / "shop" / "box" / "x.cast"
Recording.create(cast, b"{}\\n")
tell([oct(path.stat().st_mode & 0o777) for path in (cast, cast.parent, cast.parent.parent)])
"""
    assert apart(code, str(tmp_path)) == ["0o660", "0o770", "0o770"]


def test_recording_that_lives_is_locked(recording: Recording, cast: Path) -> None:
    with cast.open("rb") as reader, pytest.raises(BlockingIOError):
        fcntl.flock(reader, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_lines_are_counted_and_hashed_as_they_are_in_the_file(recording: Recording, cast: Path) -> None:
    recording.append(b'[0.1,"o","a"]\n')
    recording.finish(b'[0.2,"m","session ended: exit status 0"]\n')
    assert cast.read_bytes() == FIRST + b'[0.1,"o","a"]\n[0.2,"m","session ended: exit status 0"]\n'
    assert recording.length == 99
    # sha256sum of these 99 bytes
    assert recording.sha256 == "fbe6d4cfff941d3bd67dc7c493d9eb36b6e1f6d34ca146675f819cedf4edbf40"


@pytest.mark.parametrize("name", ["x.cast", ".x.cast.part"])
def test_no_file_is_ever_overwritten(cast: Path, name: str) -> None:
    """Neither another recording nor one that is about to begin."""
    cast.parent.mkdir(parents=True)
    (cast.parent / name).write_bytes(b"somebody else's")
    with pytest.raises(NotRecordedError, match=r"cannot write the recording .*/x\.cast: File exists"):
        Recording.create(cast, FIRST)
    assert names(cast.parent) == [name]
    assert (cast.parent / name).read_bytes() == b"somebody else's"


def test_link_that_was_laid_in_the_way_is_not_followed(cast: Path, tmp_path: Path) -> None:
    cast.parent.mkdir(parents=True)
    (tmp_path / "target").write_bytes(b"kept")
    for link in (part_of(cast), cast):
        link.symlink_to(tmp_path / "target")
        with pytest.raises(NotRecordedError):
            Recording.create(cast, FIRST)
        link.unlink()
    assert (tmp_path / "target").read_bytes() == b"kept"


@pytest.mark.parametrize("name", ["x.cast", ".x.cast.part", ".x.cast.reserve"])
@pytest.mark.parametrize("trap", ["a FIFO", "a folder", "a link to nowhere", "a hard link"])
def test_whatever_is_in_the_way_stays_as_it_is(cast: Path, tmp_path: Path, name: str, trap: str) -> None:
    """And nothing waits for it: a person who guesses a name can keep a session from starting, no more."""
    cast.parent.mkdir(parents=True)
    place = cast.parent / name
    (tmp_path / "kept").write_bytes(b"kept")
    match trap:
        case "a FIFO":
            os.mkfifo(place)
        case "a folder":
            place.mkdir()
        case "a link to nowhere":
            place.symlink_to(tmp_path / "nowhere")
        case "a hard link":
            place.hardlink_to(tmp_path / "kept")
    before = place.lstat()
    with pytest.raises(NotRecordedError, match="File exists"):
        Recording.create(cast, FIRST)
    assert names(cast.parent) == [name]
    assert (place.lstat().st_ino, place.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert (tmp_path / "kept").read_bytes() == b"kept"
    assert not (tmp_path / "nowhere").exists()


RACE = """
from troubleshooter_agent.errors import NotRecordedError
from troubleshooter_agent.recording import Recording
folder, me = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
won = []
for number in range(300):
    cast = folder / f"{number}.cast"
    with contextlib.suppress(NotRecordedError):
        recording = Recording.create(cast, f"{me}\\n".encode())
        recording.release_reserve()
        won.append(number)
        os.close(recording.fd)
tell(won)
"""


def test_of_two_recorders_that_want_one_name_at_once_one_gets_it(tmp_path: Path) -> None:
    racers = [racing(RACE, str(tmp_path), me) for me in ("a", "b")]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n"
    results = [racer.communicate("go\n", timeout=20)[0] for racer in racers]
    won = {me: json.loads(result) for me, result in zip("ab", results, strict=True)}
    assert sorted(won["a"] + won["b"]) == list(range(300))
    assert all((tmp_path / f"{number}.cast").read_text() == f"{me}\n" for me in won for number in won[me])
    assert len(names(tmp_path)) == 300


LARGER = "make the claim larger where its class allows that, or use another claimName"
EVENTS = "the volume was mounted read-only; look at the node and the volume's events"
OWNER = "the volume must be writable for the pod's user or for its group fsGroup"
CREATE = """
from troubleshooter_agent.errors import NotRecordedError
from troubleshooter_agent.recording import Recording
cast = Path(sys.argv[1]) / "x.cast"
try:
    Recording.create(cast, b"x" * 999 + b"\\n")
    tell(["recorded"])
except NotRecordedError as error:
    tell([str(error), error.kind, error.exit_code, sorted(path.name for path in cast.parent.iterdir())])
"""


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ("size=4k", "no-space", f"No space left on device ({LARGER})"),
        ("size=16k", "no-space", f"No space left on device ({LARGER})"),
        ("ro", "read-only", f"Read-only file system ({EVENTS})"),
        ("mode=500", "denied", f"Permission denied ({OWNER})"),
    ],
    ids=["no room at all", "no room for the reserve", "read-only", "another user's"],
)
def test_recording_that_cannot_begin_says_why_and_leaves_nothing_behind(
    tmp_path: Path, options: str, kind: str, sentence: str
) -> None:
    failure = apart(CREATE, str(tmp_path), volume=tmp_path, options=options, user=AS_TOOLBOX_USER)
    assert failure == [f"cannot write the recording {tmp_path}/x.cast: {sentence}", kind, 74, []]


FILL = """
import resource
from troubleshooter_agent.errors import NotRecordedError
from troubleshooter_agent.recording import Recording
from troubleshooter_agent.shelf import shelve
from troubleshooter_agent.summary import Summary

cast = Path(sys.argv[1]) / "x.cast"
if sys.argv[2] == "limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
recording = Recording.create(cast, b"first\\n")
appended = 6
line = b"x" * 1770 + b"\\n"
kind = None
while kind is None:
    try:
        recording.append(line)
        appended += len(line)
    except NotRecordedError as error:
        kind = error.kind
found = {"kind": kind, "whole": cast.stat().st_size == appended == recording.length}
with contextlib.suppress(NotRecordedError):
    recording.finish(b"last\\n")
    summary = Summary("x", "alice", False, 1, "", "", 74, "full", 1, "0" * 64, "x.cast")
    shelve(cast, summary)
    found["shelved"] = sorted(path.name for path in cast.parent.iterdir())
content = cast.read_bytes()
found["ends"] = content[-10:].decode()
found["length"] = len(content) == recording.length
tell(found)
"""


def test_full_volume_cuts_no_line_and_has_room_for_the_last_one_and_the_summary(tmp_path: Path) -> None:
    assert apart(FILL, str(tmp_path), "volume", volume=tmp_path, options="size=100k") == {
        "kind": "no-space",
        "whole": True,
        "shelved": ["index.jsonl", "x.cast", "x.json"],
        "ends": "xxxx\nlast\n",
        "length": True,
    }


def test_limit_on_the_file_s_size_cuts_no_line(tmp_path: Path) -> None:
    """There the reserve is of no use, so the last line is missing, and what is there is whole."""
    assert apart(FILL, str(tmp_path), "limit") == {
        "kind": "no-space",
        "whole": True,
        "ends": "xxxxxxxxx\n",
        "length": True,
    }


def test_sync_is_done_only_where_something_is_new(recording: Recording) -> None:
    recording.append(b"[]\n")
    assert recording.synced < recording.length
    recording.sync()
    assert recording.synced == recording.length
