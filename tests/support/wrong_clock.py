"""A program whose wall clock is wrong by some time; the machine's own is not touched.

A few lines of C do it, and not Debian's faketime 0.9.10: under that, a Python thread's timed waits never end.
"""

import os
import subprocess
from pathlib import Path

import debian
import places

SOURCE = Path(__file__).with_name("wrong_clock.c")


def environment(seconds: int, folder: Path) -> dict[str, str]:
    """For a program whose clock is off by so much; the library that does it is built in the folder."""
    debian.install(debian.C, places.cache() / "logs" / "apt.log")
    library = folder / "wrong_clock.so"
    subprocess.run(["gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return {**os.environ, "LD_PRELOAD": str(library), "WRONG_CLOCK_SECONDS": str(seconds)}
