"""The agent as the product runs it: on the Python of the toolbox image, unpacked into the cache.

`make bench` asks for it once, since another Python needs another amount of memory and time. It never runs a
container: the tree brings its own loader and libraries. Without the image it takes this host's Python, and
says so.
"""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

import debian
import images
import lifecycle
from kubelet import AGENT
from leftovers import keep_latest
from progress import HarnessError, output, say, step

TREE: Final = "opt/troubleshooter"  # in the image
TREES_KEPT: Final = 2
_WHITEOUT: Final = ".wh."  # a layer's word for what is gone of the layers below it
_OPAQUE: Final = ".wh..wh..opq"  # ... and for all in a folder
_VERSION: Final = "import platform; print(platform.python_version())"


@dataclass(frozen=True)
class Program:
    """The agent's command line up to its own arguments, and the Python that it names, for the page."""

    words: tuple[str, ...]
    python: str


def find(cache: Path) -> Program:
    """The agent of this checkout's toolbox image, which is built if the cache lacks it."""
    if os.geteuid() != 0:
        return of_host("building the toolbox image needs root")
    try:
        return of_tree(_tree(cache))
    except HarnessError as error:
        say(str(error))
        return of_host("the toolbox image could not be built")


def of_host(why: str) -> Program:
    """The checkout's agent on the Python that runs this."""
    return Program(AGENT, f"{_version(AGENT[0])} of this host, not the product's: {why}")


def of_tree(tree: Path) -> Program:
    """As image/agent/troubleshooter-agent starts it."""
    lib = tree / "lib"
    python = (f"{lib}/ld.so", "--library-path", f"{lib}", f"{tree}/bin/python3", "-I")
    return Program((*python, *AGENT[1:]), f"{_version(*python)} of the toolbox image")


def unpack(archive: Path, folder: Path) -> None:
    """Lay the layers of a docker-archive over each other, but of what they hold only the agent's tree."""
    with tarfile.open(archive) as image:
        for name in json.load(_file(image, "manifest.json"))[0]["Layers"]:
            with _file(image, name) as layer:
                _lay(layer, folder)


def _tree(cache: Path) -> Path:
    debian.install(debian.IMAGES, cache / "logs" / "apt.log")
    with lifecycle.cache_lock(cache):
        images.build_base(cache)
        archive = images.build_project(cache, "toolbox").archive
        home = cache / "product" / archive.stem
        if not home.exists():
            with step("unpacking the agent's tree of the toolbox image"):
                _unpack_whole(archive, home)
    return home / TREE


def _unpack_whole(archive: Path, home: Path) -> None:
    partial = home.with_name(f"{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    unpack(archive, partial)
    partial.rename(home)
    keep_latest(home.parent.iterdir(), TREES_KEPT)


def _lay(layer: IO[bytes], folder: Path) -> None:
    with tarfile.open(fileobj=layer) as files:
        names = [PurePosixPath(name) for name in files.getnames()]
    _take_away(names, folder)
    if PurePosixPath(TREE) in {way for name in names for way in (name, *name.parents)}:
        layer.seek(0)
        # The program, since tarfile's safe way of unpacking is missing from the Python of Debian 12.
        extract = ["tar", "-C", str(folder), "--no-same-owner", f"--exclude={_WHITEOUT}*", "-xf", "-", TREE]
        subprocess.run(extract, input=layer.read(), check=True)


def _take_away(names: Iterable[PurePosixPath], folder: Path) -> None:
    """What a layer says is gone; of paths outside of the tree nothing is there."""
    for name in names:
        if name.name == _OPAQUE:
            gone = list((folder / name.parent).glob("*"))
        elif name.name.startswith(_WHITEOUT):
            gone = [folder / name.with_name(name.name.removeprefix(_WHITEOUT))]
        else:
            continue
        for path in gone:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _file(image: tarfile.TarFile, name: str) -> IO[bytes]:
    file = image.extractfile(name)
    assert file is not None, f"{name} is no file in the image's archive"
    return file


def _version(*python: str) -> str:
    return output([*python, "-c", _VERSION]).strip()
