"""asciinema-player, the player in a browser, from the npm registry; the long tests run it.

Fetched once with npm and kept in the cache by its version.
"""

import shutil
import tarfile
from pathlib import Path

from progress import run, step

VERSION = "3.18.0"
BROWSER = ("chromium", "chromium-driver")


def find(cache: Path) -> Path:
    """The folder of its scripts and styles; HarnessError if it cannot be fetched."""
    home = cache / f"asciinema-player-{VERSION}"
    if not home.exists():
        _fetch(cache, home)
    return home / "package" / "dist" / "bundle"


def packages() -> tuple[str, ...]:
    """Debian's browser, and npm where there is none."""
    return BROWSER if shutil.which("npm") else (*BROWSER, "npm")


def _fetch(cache: Path, home: Path) -> None:
    log = cache / "logs" / "npm.log"
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with step(f"fetching asciinema-player {VERSION}", log):
        run(["npm", "pack", f"asciinema-player@{VERSION}"], log, cwd=partial)
    with tarfile.open(partial / f"asciinema-player-{VERSION}.tgz") as archive:
        for member in archive:
            _unpack(archive, member, partial)
    partial.rename(home)


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Plain files below the folder alone: tarfile's own filter is missing from the Python of Debian 12."""
    content = archive.extractfile(member)
    if content is not None and ".." not in Path(member.name).parts and not member.name.startswith("/"):
        place = folder / member.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.read())
