"""Container images without docker and without a registry, kept in the cache as archives by their content.

buildah works in a storage of its own below the cache; nothing of the host's images is touched. It isolates by
chroot, because podman, crun and user namespaces do not work on every host that the tests run on.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import current
import naming
import places
import settings
from leftovers import keep_latest
from naming import DEFAULT, Names
from progress import HarnessError, output, run, step

NAMELESS = 'for file in hostname resolv.conf; do : >"$1/etc/$file"; done'  # else they are this host's
BASE_RECIPE = ("--variant=minbase", "--include=ca-certificates", f"--customize-hook={NAMELESS}", "trixie")
PAUSE_CONFIG = ("--entrypoint", '["/bin/sleep","infinity"]', "--cmd", "")
CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PROJECT_INPUTS = (
    *("Dockerfile", ".dockerignore", "pyproject.toml"),
    *("requirements", "agent", "operator", "image"),
)
TARGETS = ("toolbox", "operator")
ARCHIVES_KEPT = 3  # going back and forth between two versions is common
LOADED = places.RUN / "images"  # what the running node has: a file per image, with the archive's name in it


@dataclass(frozen=True)
class Image:
    """An image by its name in the cluster, and the archive that holds this content of it."""

    name: str
    archive: Path

    @property
    def family(self) -> str:
        """The archive's name without the content."""
        return self.archive.stem.rpartition("-")[0]


def base_images(cache: Path) -> list[Image]:
    """Debian and the pause image: what the node needs before it can run any pod."""
    content = places.content_of([], places.HERE, "docker-archive", *BASE_RECIPE, *PAUSE_CONFIG)
    return [
        Image(settings.BASE_IMAGE, cache / "images" / f"debian-{content}.tar"),
        Image(settings.PAUSE_IMAGE, cache / "images" / f"pause-{content}.tar"),
    ]


def names() -> Names:
    """As IMG says; in a registry for tests by their content, since a node keeps a name that it has pulled."""
    if current.is_asked_for() and not os.environ.get("IMG"):
        return Names(f"{current.registry().address}/troubleshooter", _content("toolbox", "operator"))
    return naming.chosen()


def project_image(cache: Path, target: str, called: Names = DEFAULT) -> Image:
    """A target of the Dockerfile. Archives hold names too, so those with other names are others."""
    name = called.of(target)
    file = f"{target}-{_content(target)}" if called == DEFAULT else f"named-{target}-{_content(target, name)}"
    return Image(name, cache / "images" / f"{file}.tar")


def _content(*words: str) -> str:
    inputs = [path for name in PROJECT_INPUTS if (path := places.CHECKOUT / name).exists()]
    first, *more = words
    return places.content_of(inputs, places.CHECKOUT, first, *BASE_RECIPE, *more)


def build_base(cache: Path) -> None:
    """Make Debian's image from Debian's packages, and the pause image from that."""
    debian, pause = base_images(cache)
    if pause.archive.exists() and debian.archive.exists():
        return
    log = cache / "logs" / "build-base-images.log"
    log.unlink(missing_ok=True)
    rootfs = cache / "images" / "debian.rootfs.tar"
    rootfs.parent.mkdir(parents=True, exist_ok=True)
    with step("making the Debian base image (about half a minute)", log):
        run(["mmdebstrap", *BASE_RECIPE, rootfs], log)
        container = output([*_buildah(cache), "from", "scratch"])
        run([*_buildah(cache), "add", "--quiet", container, rootfs, "/"], log)
        rootfs.unlink()
        _commit(cache, log, container, debian, ("--cmd", "/bin/bash"))
        container = output([*_buildah(cache), "from", "--pull=never", debian.name])
        _commit(cache, log, container, pause, PAUSE_CONFIG)


def _commit(cache: Path, log: Path, container: str, image: Image, config: Sequence[str]) -> None:
    run([*_buildah(cache), "config", *config, container], log)
    run([*_buildah(cache), "commit", "--quiet", "--rm", container, image.name], log)
    _archive(cache, log, image)


def build_project(cache: Path, target: str, called: Names = DEFAULT) -> Image:
    """The image of a target of the Dockerfile, built unless this content of it has an archive already."""
    if not (places.CHECKOUT / "Dockerfile").exists():
        raise HarnessError(f"{places.CHECKOUT} has no Dockerfile: there is no image to build")
    image = project_image(cache, target, called)
    if not image.archive.exists():
        log = cache / "logs" / f"build-{target}.log"
        log.unlink(missing_ok=True)
        with step(f"building the image {image.name}", log):
            _build_target(cache, log, target, image)
    return image


def _build_target(cache: Path, log: Path, target: str, image: Image) -> None:
    # The host's certificates let pip reach its index from inside, also where a proxy has one of its own.
    options = ["--layers", "--pull=never", "--isolation=chroot", f"--secret=id=ca,src={CA_BUNDLE}"]
    _need_base(cache, log)
    options += [f"--target={target}", f"--tag={image.name}"]
    run([*_buildah(cache), "bud", *options, places.CHECKOUT], log)
    _archive(cache, log, image)


def _need_base(cache: Path, log: Path) -> None:
    """Give buildah its base image back where only the archive was kept."""
    base, _pause = base_images(cache)
    inspect = [*_buildah(cache), "inspect", "--type=image", base.name]
    if subprocess.run(inspect, capture_output=True, check=False).returncode:
        loaded = output([*_buildah(cache), "pull", "--quiet", f"docker-archive:{base.archive}"])
        run([*_buildah(cache), "tag", loaded, base.name], log)


def _archive(cache: Path, log: Path, image: Image) -> None:
    """In docker's format, which is not compressed: that takes longer than reading, and it is read often."""
    partial = image.archive.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    run([*_buildah(cache), "push", "--quiet", image.name, f"docker-archive:{partial}:{image.name}"], log)
    partial.rename(image.archive)
    keep_latest(image.archive.parent.glob(f"{image.family}-*.tar"), ARCHIVES_KEPT)


def take_from_image(
    cache: Path, log: Path, recipe: Path, source: str, target: Path, **arguments: str
) -> None:
    """Build the image of a Dockerfile that copies nothing, take a folder out of it, and forget the image."""
    _need_base(cache, log)
    tag = f"localhost/troubleshooter/{recipe.stem}:build"
    options = ["--pull=never", "--isolation=chroot", f"--secret=id=ca,src={CA_BUNDLE}", f"--file={recipe}"]
    options += [f"--build-arg={name}={value}" for name, value in arguments.items()]
    with tempfile.TemporaryDirectory() as nothing:
        run([*_buildah(cache), "bud", *options, f"--tag={tag}", nothing], log)
    container = output([*_buildah(cache), "from", "--pull=never", tag])
    try:
        root = output([*_buildah(cache), "mount", container])
        shutil.copytree(Path(root) / source, target)
    finally:
        run([*_buildah(cache), "rm", container], log)
        run([*_buildah(cache), "rmi", tag], log)


def push(cache: Path, image: Image, name: str, *, plain_http: bool = False) -> None:
    """Put an image into the registry that this name begins with; `buildah login` is what lets one in.

    It tells its tag as its version, which makes it another one than the archive's: containerd 1.6 mixes
    up an image that it was given with the same one that it pulls.
    """
    log = cache / "logs" / f"push-{image.family}.log"
    log.unlink(missing_ok=True)
    with step(f"pushing {name}", log):
        loaded = output([*_buildah(cache), "pull", "--quiet", f"docker-archive:{image.archive}"])
        container = output([*_buildah(cache), "from", "--pull=never", loaded])
        label = f"org.opencontainers.image.version={name.rpartition(':')[2]}"
        run([*_buildah(cache), "config", f"--label={label}", container], log)
        run([*_buildah(cache), "commit", "--quiet", "--rm", container, name], log)
        options = ["--quiet", f"--tls-verify={str(not plain_http).lower()}"]
        run([*_buildah(cache), "push", *options, name, f"docker://{name}"], log)
        run([*_buildah(cache), "rmi", name], log)


def load(images: Sequence[Image]) -> None:
    """Put images into the running node, unless it has this very content of them."""
    LOADED.mkdir(exist_ok=True)
    for image in images:
        mark = LOADED / image.family
        if mark.exists() and mark.read_text() == image.archive.name:
            continue
        with step(f"loading {image.name} into the node"):
            output([*ctr(), "images", "import", image.archive])
        mark.write_text(image.archive.name)


def forget_loaded() -> None:
    """A new node has no image."""
    shutil.rmtree(LOADED, ignore_errors=True)


def ctr() -> list[str]:
    """containerd's own client, talking to the node."""
    return ["ctr", "--address", str(places.CONTAINERD_SOCKET), "--namespace", "k8s.io"]


def _buildah(cache: Path) -> list[str]:
    return ["buildah", "--root", str(cache / "buildah"), "--runroot", str(places.RUN / "buildah")]
