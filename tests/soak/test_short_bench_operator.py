"""`make bench-operator BENCH=short` measures all that the page in the documents has, with real processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from harness import CHECKOUT

ROOTS = ("agent", "operator", "tests/support", "tests/cluster", "tools/bench")
MINUTES = 15


@pytest.mark.soak
def test_a_short_run_measures_every_figure(tmp_path: Path) -> None:
    """kwok is built for it where it is not in the cache."""
    written = tmp_path / "benchmarks.md"
    result = subprocess.run(
        [sys.executable, "tools/bench_operator/bench_operator.py", "--short", "--output", written],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=MINUTES * 60, check=False,
        env={**os.environ, "PYTHONPATH": ":".join(ROOTS)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    committed = (CHECKOUT / "docs" / "benchmarks.md").read_text().partition("# The operator, measured")[2]
    assert figures_of(written.read_text()) >= {
        figure.replace("1,000", "20").replace("5,000", "40") for figure in figures_of(committed)
    }


def figures_of(page: str) -> set[str]:
    """The first column of the table of figures, with its head."""
    _, _, table = page.partition("| figure |")
    return {line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")}
