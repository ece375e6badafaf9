"""Prometheus' checker, as tests use it: this host's, or out of Debian's package, unpacked into the cache."""

import shutil
import subprocess
from pathlib import Path

import debian
import lifecycle
import places

RUN_SECONDS = 60.0


def promtool() -> Path:
    """The program; HarnessError where it is missing and cannot be had."""
    here = shutil.which("promtool")
    if here:
        return Path(here)
    cache = places.cache()
    with lifecycle.cache_lock(cache):
        files = debian.unpacked(debian.PROMETHEUS, cache / debian.PROMETHEUS, cache / "logs" / "apt.log")
    return files / "usr" / "bin" / "promtool"


def complaint(*arguments: str, text: str = "") -> str:
    """What promtool finds wrong; empty if nothing is. `text` goes to its standard input."""
    command = [str(promtool()), *arguments]
    result = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
    )
    return f"{result.stdout}{result.stderr}" if result.returncode else ""
