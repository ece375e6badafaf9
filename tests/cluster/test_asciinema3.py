"""Which Rust builds asciinema 3, and that it is built once."""

from pathlib import Path

import asciinema3
import pytest


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("rustc 1.82.0 (f6e511eec 2024-10-15)", True),
        ("rustc 1.95.0 (59807616e 2026-04-14)", True),
        ("rustc 2.0.0", True),
        ("rustc 1.81.0 (eeb90cda1 2024-09-04)", False),
        ("rustc 1.63.0", False),
        ("", False),
        ("bash: rustc: Permission denied", False),
    ],
)
def test_rust_is_good_enough_from_1_82_on(version: str, good: bool) -> None:  # noqa: FBT001 - a table's column
    """asciinema 3.2 says so in its manifest."""
    assert asciinema3.good_enough(version) is good


@pytest.mark.parametrize(
    ("programs", "good"), [({"rustc", "cargo"}, True), ({"rustc"}, False), ({"cargo"}, False), (set(), False)]
)
def test_compiler_and_cargo_are_both_needed(programs: set[str], good: bool) -> None:  # noqa: FBT001 - as above
    """Where one is missing, an image brings both."""

    def which(name: str) -> str | None:
        return f"/opt/rust/bin/{name}" if name in programs else None

    assert asciinema3.is_rust_here(which, lambda _: "rustc 1.95.0") is good


def test_what_was_built_once_is_found_again(tmp_path: Path) -> None:
    """By its version, in the cache."""
    program = tmp_path / "asciinema-3.2.0" / "bin" / "asciinema"
    program.parent.mkdir(parents=True)
    program.touch()
    assert asciinema3.find(tmp_path) == program
