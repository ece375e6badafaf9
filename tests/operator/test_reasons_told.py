"""docs/reasons.md has a row for every reason there is, with tests that are there and tell of it."""

import re
from pathlib import Path

import pytest

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.conditions import Ready, Recorded, RecordingsRetained

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| (`[^|]+`) \|$", re.MULTILINE)
TEST = re.compile(r"`([^`]+)`")


def rows(heading: str) -> dict[str, list[str]]:
    """Reasons of one condition, each with its tests."""
    page = (ROOT / "docs/reasons.md").read_text()
    part = re.split(r"^## ", page, flags=re.MULTILINE)
    (found,) = [text for text in part if text.startswith(f"{heading}\n")]
    return {reason: TEST.findall(tests) for reason, tests in ROW.findall(found)}


@pytest.mark.parametrize(
    ("heading", "reasons"),
    [
        ("Ready", Ready),
        ("Ended", EndReason),
        ("Recorded", Recorded),
        ("RecordingsRetained", RecordingsRetained),
    ],
)
def test_every_reason_has_a_row_and_a_test(heading: str, reasons: type[Ready]) -> None:
    told = rows(heading)
    assert set(told) == {str(reason) for reason in reasons}
    for reason, tests in told.items():
        for test in tests:
            path, _, name = test.partition("::")
            text = (ROOT / path).read_text()
            assert f"def {name}(" in text, test
            assert f'"{reason}"' in text, f"{test} says nothing of {reason}"
