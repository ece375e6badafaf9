"""Saved recordings, checked here and without a cluster: each cast against the summary beside it.

It finds what was damaged or cut on the way. Against somebody who changed cast and summary alike there is the
chain hash, which `verify` compares where the recordings come from.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from troubleshooter_cli.errors import NotFoundError
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.landing import PART, digest

GOOD: Final = "good"
DIFFERS: Final = "differs"
_SUMMARY_BYTES: Final = 1 << 20


def verdicts(folder: Path) -> Iterator[Json]:
    """One for each cast below a folder, in the order of their names: id, state, file, faults."""
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}", "name the one that was saved to")
    for path in sorted(folder.rglob("*.cast*")):
        if path.name.endswith((".cast", f".cast{PART}")):
            faults = list(_faults(path))
            yield {
                "id": path.name.partition(".")[0].rpartition("-")[2],
                "state": DIFFERS if faults else GOOD,
                "file": str(path.relative_to(folder)),
                "faults": faults,
            }


def _faults(path: Path) -> Iterator[str]:
    if path.suffix == PART:
        yield "it is not whole yet: save again"
        return
    if path.is_symlink() or not path.is_file():
        yield "it is no ordinary file"
        return
    summary = _summary(path.with_suffix(".json"))
    if summary is None:
        yield "it has no summary beside it"
        return
    size = path.stat().st_size
    if summary.get("bytes") != size:
        yield f"it has {size} bytes, by its summary {summary.get('bytes')}"
    with path.open("rb") as file:
        sha256 = digest(file, size)
    if summary.get("sha256") != sha256:
        yield f"its sha256 is {sha256}, by its summary {summary.get('sha256')}"


def _summary(path: Path) -> dict[str, Any] | None:
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        text = file.read(_SUMMARY_BYTES)
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
