"""`make reference`: writes docs/reference from CRDs, the plugin's commands and the agent's; a test compares.

It never talks to a cluster, and nothing in these pages is written by hand.
"""

from pathlib import Path
from typing import Final

import agent_page
import plugin_page
import resources_page

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "docs" / "reference"


def pages() -> dict[str, str]:
    """Each page by the name of its file."""
    crds = sorted((ROOT / "crd").glob("*.yaml"), key=_order)
    return {
        "resources.md": resources_page.page([path for path in crds if path.name != "kustomization.yaml"]),
        "cli.md": plugin_page.page(),
        "agent.md": agent_page.page(),
    }


def _order(path: Path) -> tuple[bool, str]:
    """The Troubleshooter first: the others are about it."""
    return (path.stem != "troubleshooters", path.stem)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
