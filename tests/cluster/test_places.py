"""The content hash: what makes the harness build or start again, and what does not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from places import cache, content_of


def edit(folder: Path) -> None:
    (folder / "a").write_text("other")


def rename(folder: Path) -> None:
    (folder / "a").rename(folder / "b")


def make_executable(folder: Path) -> None:
    (folder / "a").chmod(0o755)


def add_file(folder: Path) -> None:
    (folder / "b").touch()


@pytest.mark.parametrize("change", [edit, rename, make_executable, add_file])
def test_another_content_has_another_hash(change: Callable[[Path], None], tmp_path: Path) -> None:
    """Bytes, names and modes count."""
    (tmp_path / "a").write_text("text")
    before = content_of([tmp_path], tmp_path)
    change(tmp_path)
    assert content_of([tmp_path], tmp_path) != before


def test_words_count(tmp_path: Path) -> None:
    """The flags of a build are part of what is built."""
    assert content_of([], tmp_path, "-O2") != content_of([], tmp_path, "-O0")


def test_what_python_leaves_behind_does_not_count(tmp_path: Path) -> None:
    """Running a module must not change what it is."""
    (tmp_path / "a.py").write_text("text")
    before = content_of([tmp_path], tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.cpython-311.pyc").touch()
    assert content_of([tmp_path], tmp_path) == before


def test_the_same_files_elsewhere_have_the_same_hash(tmp_path: Path) -> None:
    """Two checkouts of one version share what was built."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("text")
    assert content_of([tmp_path / "one"], tmp_path / "one") == content_of(
        [tmp_path / "two"], tmp_path / "two"
    )


def test_the_cache_is_where_the_user_wants_it() -> None:
    """XDG_CACHE_HOME is obeyed; empty is as good as absent."""
    assert cache({"XDG_CACHE_HOME": "/big"}) == Path("/big/troubleshooter")
    assert cache({"XDG_CACHE_HOME": ""}) == Path.home() / ".cache" / "troubleshooter"
