"""What is copied, by whom nobody vouches for: names that lead elsewhere, and files that are here already."""

import pytest

from troubleshooter_cli.errors import BrokenError
from troubleshooter_cli.manifest import Entry, Step, entry_of, is_safe, resume_at, step

HASH = "0f" * 32
CAST = "shop/web/2026-11-22T18-40-03Z-3f9k2m1x.cast"


def test_a_line_of_the_manifest_is_an_entry() -> None:
    told = {"file": CAST, "bytes": 1234, "sha256": HASH, "running": False, "id": "3f9k2m1x"}
    assert entry_of(told) == Entry(CAST, 1234, HASH, running=False, id="3f9k2m1x")


def test_what_is_written_to_has_no_hash_yet() -> None:
    told = {"file": CAST, "bytes": 1234, "sha256": None, "running": True, "id": "3f9k2m1x"}
    assert entry_of(told).running


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"file": CAST, "bytes": 1, "sha256": None},
        {"file": CAST, "bytes": 1, "sha256": "0f"},
        {"file": CAST, "bytes": -1, "sha256": HASH},
        {"file": CAST, "bytes": "1", "sha256": HASH},
        {"file": "../x", "bytes": 1, "sha256": HASH},
        {"file": ["x"], "bytes": 1, "sha256": HASH},
    ],
)
def test_what_is_no_entry_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(BrokenError, match="is not copied"):
        entry_of(told)


@pytest.mark.parametrize(
    "file", [CAST, "README.txt", "shop/web/index.jsonl", "shop/README.txt", "a/b/_c.json"]
)
def test_plain_names_are_safe(file: str) -> None:
    assert is_safe(file)


@pytest.mark.parametrize(
    "file",
    [
        "", "/etc/passwd", "../x", "a/../b", "a//b", "a/b/c/d", ".ssh/config", "a/.bashrc", "a/b/..", "a\\b",
        "a\nb", "a/b\x1b[2J", "C:x", "a/b.part", "a/b.", "ä", "a b", "-o", "x" * 201, "a/./b", "~/x",
        "a\x00b",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_or_mean_something_are_not(file: str) -> None:
    assert not is_safe(file)


@pytest.mark.parametrize(
    ("file", "running", "here", "same", "todo"),
    [
        (CAST, False, None, False, Step.FETCH),
        (CAST, False, 10, True, Step.HAVE),
        (CAST, False, 10, False, Step.KEEP),
        (CAST, False, 4, False, Step.KEEP),
        (CAST, True, None, False, Step.LATER),
        ("shop/web/index.jsonl", False, 4, False, Step.FETCH),
        ("shop/web/index.jsonl", False, 40, False, Step.KEEP),
        ("shop/web/index.jsonl", False, 10, False, Step.KEEP),
    ],
)
def test_another_file_of_that_name_is_never_taken_away(
    file: str, running: bool, here: int | None, same: bool, todo: Step  # noqa: FBT001 - columns
) -> None:  # fmt: skip
    assert step(Entry(file, 10, HASH, running), here=here, same=same) is todo


def test_a_part_is_gone_on_with_unless_it_is_too_long() -> None:
    entry = Entry(CAST, 10, HASH)
    assert [resume_at(entry, part) for part in (0, 4, 10, 11)] == [0, 4, 10, 0]
