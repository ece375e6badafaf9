"""Fits the pages into a site of their own, for mkdocs.yml, which names this file as its hook.

The pages are written to be read in the repository. A link out of docs/ leads nowhere on the site, so its text
is shown without it; the change log, which lies beside docs/, becomes a page; folders are listed as they are.
It changes no file.
"""

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

CHANGELOG: Final = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
UPWARD: Final = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<target>\.\./[^)#]*)[^)]*\)")


def on_config(config: Any) -> None:
    """Put the pages of a folder where the navigation has `FOLDER/*.md`."""
    config.nav = _listed(config.nav, Path(config.docs_dir))


def _listed(nav: Any, docs: Path) -> Any:
    if isinstance(nav, dict):
        return {title: _listed(below, docs) for title, below in nav.items()}
    if not isinstance(nav, list):
        return nav
    found: list[Any] = []
    for entry in nav:
        if isinstance(entry, str) and "*" in entry:
            found += [str(path.relative_to(docs)) for path in sorted(docs.glob(entry))]
        else:
            found.append(_listed(entry, docs))
    return found


def on_files(files: Files, config: Any) -> Files:
    """Add the change log."""
    text = CHANGELOG.read_text().replace("](docs/", "](")
    files.append(File.generated(config, "changelog.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Take out the links that lead out of docs/."""
    return unlinked(markdown, posixpath.dirname(page.file.src_uri))


def unlinked(markdown: str, folder: str) -> str:
    """The text of a page in a folder of docs/, with the mere text of each link that leads out of docs/."""

    def kept(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link["target"]))
        return link["text"] if target.startswith("..") else link[0]

    return UPWARD.sub(kept, markdown)
