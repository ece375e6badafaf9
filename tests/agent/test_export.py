"""`export` and `list --json`: what programs get to read, of good recordings and of bad ones."""

import hashlib
import io
import json
import os
from pathlib import Path

import pytest
from volumes import ENDED, FILE, HEADER, HELLO, ID, NAME, STARTED, WHOLE, locked, put

from troubleshooter_agent import catalogue, export
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.volume import ReadingError

SUMMARY = {
    "id": ID, "user": "alice", "verified": True, "run": 1, "startedAt": "2026-11-22T18:40:03Z",
    "endedAt": "2026-11-22T18:41:08Z", "exitCode": 7, "why": "exit status 7", "bytes": 345, "sha256": "00",
    "file": FILE,
}  # fmt: skip


LINK = (
    "cannot read shop/box/2026-11-22T18-40-06Z-cccccccc.cast: "
    "it is a symbolic link, and those are not followed here"
)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(root: Path, *ids: str) -> list[dict[str, object]]:
    out = io.StringIO()
    assert export.manifest(root, ids, out) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def listed(root: Path) -> list[dict[str, object]]:
    out = io.StringIO()
    assert catalogue.list_as_json(root, out) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_manifest_has_all_that_makes_a_folder_understandable(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    folder = tmp_path / "shop/box"
    (folder / f"{NAME}.json").write_text("{}\n")
    (folder / "index.jsonl").write_text("{}\n")
    (folder / "README.txt").write_text("read me\n")
    (folder / "access.jsonl").write_text("{}\n")
    (folder / "notes.txt").write_text("mine\n")
    base = {"running": False}
    assert manifest(tmp_path) == [
        base | {"file": FILE, "bytes": len(WHOLE.encode()), "sha256": sha256(WHOLE), "id": ID},
        base | {"file": f"shop/box/{NAME}.json", "bytes": 3, "sha256": sha256("{}\n"), "id": ID},
        base | {"file": "shop/box/index.jsonl", "bytes": 3, "sha256": sha256("{}\n"), "id": ""},
        base | {"file": "shop/box/README.txt", "bytes": 8, "sha256": sha256("read me\n"), "id": ""},
    ]


def test_what_is_being_recorded_has_no_hash(tmp_path: Path) -> None:
    with locked(put(tmp_path, WHOLE)):
        (entry,) = manifest(tmp_path, ID)
    assert (entry["running"], entry["sha256"]) == (True, None)


@pytest.mark.parametrize("start", [0, 1, 100])
def test_a_file_is_read_from_any_byte_on(tmp_path: Path, start: int) -> None:
    put(tmp_path, WHOLE)
    out = io.BytesIO()
    assert export.export_file(tmp_path, FILE, start, out) == 0
    assert out.getvalue() == WHOLE.encode()[start:]


def test_no_byte_beyond_the_end(tmp_path: Path) -> None:
    put(tmp_path, HEADER)
    with pytest.raises(ReadingError, match="has only"):
        export.export_file(tmp_path, FILE, 10_000, io.BytesIO())


@pytest.mark.parametrize("file", ["../secret.cast", "/etc/x.json", "shop/../../x.cast", "", "."])
def test_no_file_outside_of_the_volume(tmp_path: Path, file: str) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "secret.cast").write_text("secret")
    with pytest.raises((ReadingError, UsageError)):
        export.export_file(tmp_path / "volume", file, 0, io.BytesIO())


def test_no_file_that_is_none_of_a_recording(tmp_path: Path) -> None:
    (tmp_path / "id_rsa").write_text("secret")
    with pytest.raises(UsageError, match="'id_rsa' is no file of a recording"):
        export.export_file(tmp_path, "id_rsa", 0, io.BytesIO())


@pytest.mark.parametrize("link", ["shop", "shop/box", FILE])
def test_no_link_is_followed(tmp_path: Path, link: str) -> None:
    """Neither the file nor a folder on the way: whoever had a shell could have put it there."""
    elsewhere = tmp_path / "elsewhere"
    put(elsewhere, WHOLE)
    path = tmp_path / "volume" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere / link)
    with pytest.raises(ReadingError, match="cannot read"):
        export.export_file(tmp_path / "volume", FILE, 0, io.BytesIO())


def test_a_fifo_hangs_nobody(tmp_path: Path) -> None:
    (tmp_path / "shop/box").mkdir(parents=True)
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(ReadingError, match="no ordinary file"):
        export.export_file(tmp_path, FILE, 0, io.BytesIO())
    assert manifest(tmp_path) == []


def test_a_torn_cast_is_exported_whole(tmp_path: Path) -> None:
    path = put(tmp_path, HEADER + STARTED + HELLO + '[1.0,"o","torn')
    out = io.BytesIO()
    assert export.export(tmp_path, ID, "cast", out) == 0
    *lines, last = out.getvalue().decode().splitlines()
    assert "\n".join(lines) + "\n" == HEADER + STARTED + HELLO
    assert json.loads(last)[1:] == [
        "m", "session ended: the recorder ended without a word (a lost node or a killed pod)"
    ]  # fmt: skip
    assert path.read_text().endswith("torn")


def test_plain_text_has_no_escapes(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + HELLO + ENDED)
    out = io.BytesIO()
    assert export.export(tmp_path, ID, "txt", out) == 0
    assert out.getvalue() == "hello w\u00f6rld\n".encode()


def test_the_list_tells_all_of_an_ended_session(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    (tmp_path / f"shop/box/{NAME}.json").write_text(json.dumps(SUMMARY))
    assert listed(tmp_path) == [
        {
            "id": "3f9k2m1x",
            "file": "shop/box/2026-11-22T18-40-03Z-3f9k2m1x.cast",
            "namespace": "shop",
            "name": "box",
            "run": None,
            "user": "alice",
            "verified": False,
            "purpose": "",
            "startedAt": "2026-11-22T18:40:03Z",
            "endedAt": "2026-11-22T18:41:08Z",
            "seconds": 65.0,
            "exitCode": 7,
            "bytes": len(WHOLE.encode()),
            "sha256": "00",
            "state": "ended",
            "reason": "exit status 7",
        }
    ]


def test_the_list_tells_what_runs_what_is_torn_and_what_cannot_be_read(tmp_path: Path) -> None:
    torn = HEADER + STARTED + HELLO + '[1.0,"o","torn'
    put(tmp_path, torn, name="2026-11-22T18-40-04Z-aaaaaaaa")
    put(tmp_path, WHOLE, name="2026-11-22T18-40-05Z-bbbbbbbb")
    (tmp_path / "shop/box/2026-11-22T18-40-06Z-cccccccc.cast").symlink_to("/etc/passwd")
    with locked(put(tmp_path, HEADER + STARTED)):
        facts = listed(tmp_path)
    assert [(each["id"], each["state"], each["seconds"], each["reason"]) for each in facts] == [
        (ID, "running", 0.0, ""),
        ("aaaaaaaa", "torn", 0.5, ""),
        ("bbbbbbbb", "ended", 65.25, "exit status 7"),
        ("cccccccc", "unreadable", None, LINK),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "hostile", ['{"endedAt":"x","exitCode":"7","sha256":[],"why":{}}', "[]", "\x00", "{"]
)
def test_a_strange_summary_is_no_trouble(tmp_path: Path, hostile: str) -> None:
    put(tmp_path, WHOLE)
    (tmp_path / f"shop/box/{NAME}.json").write_text(hostile)
    (facts,) = listed(tmp_path)
    assert (facts["exitCode"], facts["sha256"]) == (None, None)
