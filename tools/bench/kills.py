"""The row that `make soak` measures: what a thousand kills cost. Here its result is only read."""

import json
from pathlib import Path
from typing import Final

from figures import OURS, Row, at_most

FIGURE: Final = "kill -9 under load"
ZERO: Final = at_most(0)


def left_by_soak(cache: Path) -> Path:
    """Where the soak test leaves {"instants": N, "unopened": N, "lost_bytes": N} and more."""
    return cache / "soak" / "kill.json"


def rows(cache: Path) -> list[Row]:
    """Files that do not open after repair, and bytes that were shown but not recorded."""
    path = left_by_soak(cache)
    if not path.exists():
        return [
            Row(f"{FIGURE}: {what}", OURS, unit, (), ZERO, ZERO, "run `make soak`")
            for what, unit in (("files that do not open", "files"), ("shown but not recorded", "bytes"))
        ]
    found = json.loads(path.read_bytes())
    who = f"{OURS}, {found['instants']} kills on {found['date']}"
    return [
        Row(f"{FIGURE}: files that do not open", who, "files", (float(found["unopened"]),), ZERO, ZERO),
        Row(f"{FIGURE}: shown but not recorded", who, "bytes", (float(found["lost_bytes"]),), ZERO, ZERO),
    ]
