"""`make bench-plugin`: its part of the page stands between the others', which stay."""

import operator_page
import page
import plugins_part
from figures import OURS, Row, at_most

ROWS = [
    Row("command to prompt, image warm", OURS, "s", (2.5, 2.25, 3.0)),
    Row("command to prompt, image warm, added", OURS, "s", (1.0, 2.0, 1.75), at_most(1.5)),
]
FACTS = {"machine": "2 cores"}


def written() -> str:
    return plugins_part.part(ROWS, FACTS, command="make bench-plugin", date="2026-11-25")


def test_a_line_tells_least_median_and_most_and_whether_that_is_reached() -> None:
    lines = written().splitlines()
    assert "| command to prompt, image warm | troubleshooter | 2.25 | 2.5 | 3 | s |  |  |" in lines
    missed = (
        "| command to prompt, image warm, added | troubleshooter | 1 | 1.75 | 2 | s | ≤ 1.5 | **missed** |"
    )
    assert missed in lines
    assert "| machine | 2 cores |" in lines


def test_the_parts_of_all_three_stand_in_one_page_whoever_writes_first() -> None:
    """Each takes the place of its own part of before."""
    agents = page.page([], FACTS, command="make bench", date="2026-11-25")
    operators = operator_page.part([], FACTS, command="make bench-operator", date="2026-11-25")
    whole = plugins_part.replaced(operator_page.replaced(agents, operators), written())
    assert titles(whole) == ["# Measured", "# The plugin, measured", "# The operator, measured"]
    again = page.replaced(operator_page.replaced(plugins_part.replaced(whole, written()), operators), agents)
    assert again == whole


def test_it_is_written_where_no_operator_was_measured() -> None:
    assert titles(plugins_part.replaced("# Measured\n\nx\n", written())) == [
        "# Measured",
        "# The plugin, measured",
    ]


def titles(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("# ")]
