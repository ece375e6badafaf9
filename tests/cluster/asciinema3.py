"""asciinema 3, the Rust program: a peer in the benchmarks and a player in the long tests.

Built once and kept in the cache by its version: by the host's Rust where that is new enough, else by Debian
trixie's in an image that is thrown away.
"""

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import debian
import images
import lifecycle
import places
from progress import HarnessError, run, say, step

VERSION = "3.2.0"
NEEDED = (1, 82)
RECIPE = places.HERE / "asciinema.Dockerfile"
_RUST = re.compile(r"^rustc (\d+)\.(\d+)")


def find(cache: Path) -> Path:
    """The path of the program, which is built first if the cache lacks it; HarnessError if that fails."""
    kept = program(cache)
    if not kept.exists():
        with _one_builder(cache):
            if not kept.exists():
                _build(cache, kept.parents[1])
    return kept


def program(cache: Path) -> Path:
    """Where it is once it was built."""
    return cache / f"asciinema-{VERSION}" / "bin" / "asciinema"


def good_enough(version: str) -> bool:
    """Whether the line that `rustc --version` prints names a Rust that can build it."""
    match = _RUST.search(version)
    return match is not None and (int(match[1]), int(match[2])) >= NEEDED


def version_of(rustc: str) -> str:
    return subprocess.run([rustc, "--version"], capture_output=True, text=True, check=False).stdout


def is_rust_here(
    which: Callable[[str], str | None] = shutil.which, version: Callable[[str], str] = version_of
) -> bool:
    """Whether this host's own Rust can build it."""
    rustc = which("rustc")
    return rustc is not None and which("cargo") is not None and good_enough(version(rustc))


def _build(cache: Path, home: Path) -> None:
    log = cache / "logs" / "build-asciinema.log"
    log.unlink(missing_ok=True)
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    if is_rust_here():
        with step(f"building asciinema {VERSION} (about 2 min)", log):
            run(["cargo", "install", "asciinema", f"--version={VERSION}", "--locked", "--root", partial], log)
    else:
        _build_in_image(cache, partial, log)
    partial.rename(home)


def _build_in_image(cache: Path, home: Path, log: Path) -> None:
    lifecycle.need_root("There is no Rust here that builds asciinema 3; making an image with one")
    debian.install(debian.IMAGES, cache / "logs" / "apt.log")
    with lifecycle.cache_lock(cache):
        images.build_base(cache)
        with step(f"building asciinema {VERSION} with Debian's Rust (about 5 min)", log):
            images.take_from_image(cache, log, RECIPE, "out/bin", home / "bin", VERSION=VERSION)


@contextmanager
def _one_builder(cache: Path) -> Iterator[None]:
    """Not the lock of the whole cache, which the build of a cluster holds for minutes."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "asciinema.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        print(find(places.cache()))
    except HarnessError as error:
        say(str(error))
        sys.exit(1)
