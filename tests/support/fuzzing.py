"""Starts the fuzzers (fuzz.py), each in a process of its own: libFuzzer ends the process that it runs in."""

import re
import subprocess
import sys
from pathlib import Path

FUZZ = Path(__file__).with_name("fuzz.py")
TARGETS = ("reader", "mender", "message")
STARTING_SECONDS = 60
_RUNS = re.compile(r"^Done (\d+) runs", re.MULTILINE)


def fuzz(target: str, folder: Path, seconds: int) -> int:
    """How many inputs were tried; AssertionError with the fuzzer's word if one broke the target."""
    result = subprocess.run(
        [sys.executable, str(FUZZ), target, str(folder), str(seconds)],
        capture_output=True, text=True, errors="replace", timeout=seconds + STARTING_SECONDS, check=False,
    )  # fmt: skip
    found = _RUNS.search(result.stderr)
    assert result.returncode == 0 and found, result.stdout[-3000:] + result.stderr[-6000:]  # noqa: PT018
    return int(found[1])
