"""The reference is the one that `make reference` writes from what is there."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
REFERENCE = CHECKOUT / "docs" / "reference"


def test_the_reference_is_up_to_date() -> None:
    before = _pages()
    subprocess.run([sys.executable, CHECKOUT / "tools" / "reference" / "reference.py"], check=True)
    assert _pages() == before, "crd or a command has changed: make reference has now written docs/reference"


def _pages() -> dict[str, str]:
    return {path.name: path.read_text() for path in REFERENCE.iterdir()}
