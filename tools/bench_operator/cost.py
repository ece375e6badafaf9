"""What a process costs, as the kernel tells it."""

import os
from pathlib import Path


def pss_megabytes(process: int) -> float:
    """In millions of bytes; smaps_rollup has KiB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def processor_seconds(process: int) -> float:
    """Of all its threads since its start."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
