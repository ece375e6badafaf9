"""docs/troubleshooting.md quotes what is really said: each of its sentences is somewhere in the source."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "troubleshooting.md"
KINDS = {
    "agent": "*.py",
    "operator": "*.py",
    "cli": "*.py",
    "image": "*",
    "deploy": "*.yaml",
    "crd": "*.yaml",
}
SOURCES = [
    path for folder, kind in KINDS.items() for path in sorted((ROOT / folder).rglob(kind)) if path.is_file()
]
# Said by kubectl, by the API server, by the operating system.
BY_OTHERS = {
    'no matches for kind "Troubleshooter"', "Resource kind", "not found. There can be a delay",
    "troubleshooters.troubleshooter.sh is forbidden", 'unknown command "troubleshoot" for "kubectl"',
    ": No space left on device", ": Permission denied", ": Read-only file system",
}  # fmt: skip


def test_what_is_quoted_is_said() -> None:
    source = " ".join(_plain(path.read_text(errors="replace")) for path in SOURCES)
    quoted = [
        piece
        for cell in _symptoms()
        for quote in re.findall(r"`([^`]+)`", cell)
        for piece in quote.split("…")
    ]
    pieces = {piece.strip() for piece in quoted} - BY_OTHERS
    assert len(pieces) > 40
    assert sorted(piece for piece in pieces if _plain(piece) not in source) == []


def _symptoms() -> list[str]:
    """The first cells of the page's tables."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [row.split(" | ")[0] for row in rows if not row.startswith(("| you see", "| ---"))]


def _plain(text: str) -> str:
    """As one line without what a source has around its strings: quotes, line ends, prefixes."""
    return re.sub(r"[\s\"']+f?(?=[\s\"'])|[\s\"']+", " ", text)
