"""How long the long tests are, and where they leave what they found; set by `make soak`."""

import os
from pathlib import Path

import places

SCALE = float(os.environ.get("TROUBLESHOOTER_SOAK") or 0)  # 1 is all of it, 0 says that it is not `make soak`


def scaled(number: int) -> int:
    """So many of `number` as are wanted, but one at least."""
    return max(1, round(number * SCALE))


def results() -> Path:
    """The folder of results, which the page of the benchmarks quotes."""
    folder = places.cache() / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
