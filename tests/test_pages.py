"""The documentation as a site: built without a warning, with its anchors there, and on no foreign host."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
QUIET = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
FOREIGN = re.compile(
    r"""<(script|img|iframe|object)[^>]+(src|data)="?https?:|<link[^>]+rel="?(stylesheet|preconnect)[^>]+https?:"""
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_anchors_are_there(page: Path) -> None:
    """Each link to a part of a page leads to a heading of it."""
    links = re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
    missing = [link for link in links if link[1] not in _anchors(page.parent / link[0] if link[0] else page)]
    assert missing == []


def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    """`make docs`: what it writes works without any host but the one that it is on."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, env=QUIET, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    pages = {path: path.read_text() for path in tmp_path.rglob("*.html")}
    assert len(pages) > len(list((ROOT / "docs").rglob("*.md")))
    assert {path.name for path, text in pages.items() if FOREIGN.search(text)} == set()


def _anchors(page: Path) -> set[str]:
    """The anchors of a page in the repository, by its readers' rule; mkdocs checks those of the site."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", heading).lower().strip().replace(" ", "-") for heading in headings}
