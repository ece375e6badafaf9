"""docs/reasons.md has a row for every reason there is, and names for each a test that is there."""

import re
from pathlib import Path

import pytest

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.conditions import Ready, Recorded, RecordingsRetained

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| `([^`]+)` \|$", re.MULTILINE)


def rows(heading: str) -> dict[str, str]:
    """Reasons of one condition, each with its test."""
    page = (ROOT / "docs/reasons.md").read_text()
    part = re.split(r"^## ", page, flags=re.MULTILINE)
    (found,) = [text for text in part if text.startswith(f"{heading}\n")]
    return dict(ROW.findall(found))


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
    for test in told.values():
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(), test
