"""Prometheus' programs for tests: this host's, or out of Debian's package, unpacked into the cache."""

import shutil
import subprocess
from pathlib import Path

import debian
import lifecycle
import places

RUN_SECONDS = 60.0


def program(name: str) -> Path:
    """The server or its checker; HarnessError where it is missing and cannot be had."""
    here = shutil.which(name)
    if here:
        return Path(here)
    cache = places.cache()
    with lifecycle.cache_lock(cache):
        files = debian.unpacked(debian.PROMETHEUS, cache / debian.PROMETHEUS, cache / "logs" / "apt.log")
    return files / "usr" / "bin" / name


def complaint(*arguments: str, text: str = "") -> str:
    """What promtool finds wrong; empty if nothing is. `text` goes to its standard input."""
    command = [str(program("promtool")), *arguments]
    result = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    return f"{result.stdout}{result.stderr}" if result.returncode else ""
