"""Virtual environments from lock files: the checkout's .venv, and others that the harness needs.

Runs on nothing but the standard library, as the very first thing on a fresh machine.
"""

import importlib.util
import os
import sys
from pathlib import Path

import debian
import places
from progress import HarnessError, run, step

LOCK = places.CHECKOUT / "requirements" / "dev.lock"
VENV = places.CHECKOUT / ".venv"
NEEDED = (3, 11)


def ensure(cache: Path) -> None:
    """Make .venv hold what the lock file says; nothing is done when it does already."""
    wanted = content()
    stamp = VENV / "content"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    log = cache / "logs" / "venv.log"
    log.unlink(missing_ok=True)
    with step(f"installing Python packages into {VENV} (half a minute)", log):
        create(VENV, LOCK, log)
        run([*_pip_install(VENV), "--no-build-isolation", "--editable", places.CHECKOUT], log)
    stamp.write_text(wanted)


def content() -> str:
    """What .venv is made from."""
    return places.content_of([LOCK, places.CHECKOUT / "pyproject.toml"], places.CHECKOUT, sys.executable)


def create(home: Path, lock: Path, log: Path) -> None:
    """A virtual environment with exactly the packages of a lock file, each checked against its hash."""
    _need_ensurepip(log)
    run([sys.executable, "-m", "venv", home], log)
    run([*_pip_install(home), "--require-hashes", "--requirement", lock], log)


def _pip_install(home: Path) -> list[str]:
    return [f"{home}/bin/python", "-m", "pip", "install", "--progress-bar=off", "--no-deps"]


def _need_ensurepip(log: Path) -> None:
    """Debian leaves ensurepip out of python3; without it `python3 -m venv` fails half way."""
    if importlib.util.find_spec("ensurepip"):
        return
    if os.geteuid() != 0:
        raise HarnessError(
            f"{sys.executable} cannot make a virtual environment, because ensurepip is missing. "
            f"Run `apt-get install {' '.join(debian.VENV)}` as root, then start again."
        )
    debian.install(debian.VENV, log)
