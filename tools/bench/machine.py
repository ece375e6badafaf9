"""What the figures were measured on, and with which versions."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from peers import Peer

CHECKOUT = Path(__file__).parents[2]


def facts(peers: Sequence[Peer], folder: Path, agents_python: str) -> dict[str, str]:
    """For the head of the page; `folder` is where the recordings were written."""
    return {
        **host(folder, "agent"),
        "agent's Python": agents_python,
        **{peer.name: peer.version for peer in peers if peer.version},
    }


def host(folder: Path, part: str) -> dict[str, str]:
    """The machine, and the product whose `part` is measured; taken before the run."""
    return {
        "machine": f"{os.cpu_count()} cores, {_processor()}, {_memory_gib():.0f} GiB, {_file_system(folder)}",
        "load before the run": f"{os.getloadavg()[0]:.2f}",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "troubleshooter": _commit(part),
    }


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(": ")[2] if names else platform.machine()


def _memory_gib() -> float:
    total = Path("/proc/meminfo").read_text().splitlines()[0]
    return int(total.split()[1]) / (1 << 20)


def _file_system(folder: Path) -> str:
    return _output("stat", "--file-system", "--format=%T", str(folder)) or "unknown file system"


def _commit(part: str) -> str:
    changed = _output("git", "-C", str(CHECKOUT), "status", "--porcelain", "--", part)
    commit = _output("git", "-C", str(CHECKOUT), "rev-parse", "--short=10", "HEAD")
    return f"{commit or 'unknown'}{' with changes' if changed else ''}"


def _output(*command: str) -> str:
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=False)
    return result.stdout.strip()
