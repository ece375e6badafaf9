"""The templates of the Helm charts are those that `make charts` writes."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
CHARTS = CHECKOUT / "deploy" / "charts"


def test_the_templates_are_up_to_date() -> None:
    before = _templates()
    subprocess.run([sys.executable, CHECKOUT / "tools" / "charts.py"], check=True)
    assert _templates() == before, "deploy or crd has changed: make charts has now written the charts"


def _templates() -> dict[str, str]:
    files = [path for name in ("templates", "files") for path in CHARTS.glob(f"*/{name}/*")]
    return {str(path.relative_to(CHARTS)): path.read_text() for path in files}
