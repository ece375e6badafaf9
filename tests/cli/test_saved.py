"""Saved recordings, checked without a cluster."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from troubleshooter_cli import main
from troubleshooter_cli.errors import NotFoundError
from troubleshooter_cli.saved import verdicts

CAST = b'{"version": 2, "width": 80, "height": 24}\n[0.5, "o", "hello"]\n'
NAME = "2026-11-22T18-40-03Z-3f9k2m1x"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One recording with its summary."""
    place = tmp_path / "shop/web"
    place.mkdir(parents=True)
    (place / f"{NAME}.cast").write_bytes(CAST)
    told = {"id": "3f9k2m1x", "bytes": len(CAST), "sha256": hashlib.sha256(CAST).hexdigest()}
    (place / f"{NAME}.json").write_text(json.dumps(told))
    return tmp_path


def faults(folder: Path) -> list[str]:
    (verdict,) = verdicts(folder)
    assert (verdict["id"], verdict["state"]) == ("3f9k2m1x", "differs")
    return list(verdict["faults"])


def test_what_is_as_its_summary_says_is_good(folder: Path) -> None:
    assert list(verdicts(folder)) == [
        {"id": "3f9k2m1x", "state": "good", "file": f"shop/web/{NAME}.cast", "faults": []}
    ]


def test_a_changed_letter_is_found(folder: Path) -> None:
    (folder / f"shop/web/{NAME}.cast").write_bytes(CAST.replace(b"hello", b"jello"))
    (fault,) = faults(folder)
    assert fault.startswith("its sha256 is ")


def test_a_cut_is_found(folder: Path) -> None:
    (folder / f"shop/web/{NAME}.cast").write_bytes(CAST[:-1])
    assert faults(folder)[0] == "it has 61 bytes, by its summary 62"


@pytest.mark.parametrize("text", ["", "[]", "no json"])
def test_a_cast_without_a_summary_is_told(folder: Path, text: str) -> None:
    (folder / f"shop/web/{NAME}.json").write_text(text)
    assert faults(folder) == ["it has no summary beside it"]


def test_what_is_not_whole_or_a_link_is_told(folder: Path) -> None:
    cast = folder / f"shop/web/{NAME}.cast"
    cast.rename(cast.with_name(f"{cast.name}.part"))
    assert faults(folder) == ["it is not whole yet: save again"]
    (folder / f"shop/web/{NAME}.cast.part").unlink()
    cast.symlink_to("/etc/passwd")
    assert faults(folder) == ["it is no ordinary file"]


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no folder"):
        list(verdicts(tmp_path / "none"))


def test_the_command_needs_no_cluster(folder: Path) -> None:
    good = CliRunner().invoke(main.cli, ["verify", "--saved", str(folder)], standalone_mode=False)
    assert good.return_value == 0
    assert good.stdout.splitlines()[1].split()[:2] == ["3f9k2m1x", "good"]
    (folder / f"shop/web/{NAME}.cast").write_bytes(b"")
    bad = CliRunner().invoke(main.cli, ["verify", "--saved", str(folder)], standalone_mode=False)
    assert bad.return_value == 1
    assert "not all of it is what was recorded" in bad.stderr
