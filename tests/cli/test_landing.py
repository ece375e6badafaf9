"""The folder that is saved to: whole files or none, no links, and no way out."""

import hashlib
import os
from pathlib import Path

import pytest

from troubleshooter_cli.errors import BrokenError, UsageError
from troubleshooter_cli.landing import Landing
from troubleshooter_cli.manifest import Entry

TEXT = b"twelve bytes"
ENTRY = Entry("shop/web/a.cast", len(TEXT), hashlib.sha256(TEXT).hexdigest())


def land(landing: Landing, entry: Entry = ENTRY, *, text: bytes = TEXT) -> None:
    with landing.part(entry) as part:
        part.write(text)
        landing.finish(entry, part)


def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "new" / "folder")
    with landing.part(ENTRY) as part:
        part.write(TEXT)
        assert [path.name for path in landing.root.rglob("a*")] == ["a.cast.part"]
        landing.finish(ENTRY, part)
    assert [path.name for path in landing.root.rglob("a*")] == ["a.cast"]
    assert (landing.root / "shop/web/a.cast").read_bytes() == TEXT
    assert landing.state(ENTRY) == (12, True)


def test_what_is_here_is_told(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    assert landing.state(ENTRY) == (None, False)
    land(landing, text=b"other bytes!")
    assert landing.state(ENTRY) == (12, False)
    land(landing, text=b"four")
    assert landing.state(ENTRY) == (4, False)


def test_a_part_is_appended_to(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    for piece in (TEXT[:5], TEXT[5:]):
        with landing.part(ENTRY) as part:
            part.seek(0, os.SEEK_END)
            part.write(piece)
    assert (tmp_path / "shop/web/a.cast.part").read_bytes() == TEXT


def test_a_later_copy_is_known_by_its_beginning(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    land(landing, text=TEXT[:6])
    with landing.part(ENTRY) as part:
        part.write(TEXT)
        part.flush()
        assert landing.begins_with_present(ENTRY, part)
        (tmp_path / "shop/web/a.cast").write_bytes(b"tw3lve")
        assert not landing.begins_with_present(ENTRY, part)


@pytest.mark.parametrize("where", ["shop", "shop/web", "shop/web/a.cast", "shop/web/a.cast.part"])
def test_a_link_on_the_way_is_not_followed(tmp_path: Path, where: str) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    link = inside / where
    link.parent.mkdir(parents=True)
    link.symlink_to(outside if "a.cast" not in where else outside / "victim")
    landing = Landing(inside)
    touch = land if where.endswith(".part") else Landing.state
    with pytest.raises(BrokenError, match="is not saved"):
        touch(landing, ENTRY)
    assert list(outside.iterdir()) == []


def test_what_is_no_ordinary_file_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "shop/web").mkdir(parents=True)
    os.mkfifo(tmp_path / "shop/web/a.cast.part")
    with pytest.raises(BrokenError, match="no ordinary file"):
        land(Landing(tmp_path))


def test_a_folder_that_is_a_file_is_a_question_of_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is no folder to save to"):
        land(Landing(tmp_path / "file"))
