"""Which Go builds the cluster."""

from pathlib import Path

import golang
import places
import pytest


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("go version go1.26.0 linux/amd64", True),
        ("go version go1.27rc1 linux/arm64", True),
        ("go version go2.0 linux/amd64", True),
        ("go version go1.25.9 linux/amd64", False),
        ("go version go1.3 linux/amd64", False),
        ("", False),
        ("bash: go: Permission denied", False),
    ],
)
def test_go_is_good_enough_from_1_26_on(version: str, good: bool) -> None:  # noqa: FBT001 - a table's column
    """The modules ask for Go 1.26."""
    assert golang.good_enough(version) is good


def test_a_good_go_on_the_path_is_used(tmp_path: Path) -> None:
    """Nothing is installed where nothing is missing."""
    go = golang.find(
        tmp_path, which=lambda _: "/opt/go/bin/go", version=lambda _: "go version go1.26.8 linux/amd64"
    )
    assert go == "/opt/go/bin/go"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [None, "/usr/bin/go"])
def test_an_old_or_missing_go_is_replaced_by_the_one_in_the_cache(path: str | None, tmp_path: Path) -> None:
    """What was installed from PyPI once is found again."""
    home = tmp_path / f"go-{places.content_of([golang.LOCK], places.CHECKOUT)}"
    kept = home / "lib" / "python3.11" / "site-packages" / "go" / "bin" / "go"
    kept.parent.mkdir(parents=True)
    kept.touch()
    (home / "complete").touch()
    found = golang.find(tmp_path, which=lambda _: path, version=lambda _: "go version go1.19.8 linux/amd64")
    assert found == str(kept)
