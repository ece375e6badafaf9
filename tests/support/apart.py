"""Code of a test in a process of its own, with a volume of its own where one is to be full or read-only.

What it does to signals, limits, its user or its children touches nobody else; the mount is in a mount
namespace that ends with it.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kubelet import AGENT_ROOT
from processes import PATIENCE

PREAMBLE = f"""
import sys
sys.path.insert(0, {str(AGENT_ROOT)!r})
import contextlib, json, os, signal, subprocess, time
from pathlib import Path


def tell(value):
    print(json.dumps(value), flush=True)
"""
MOUNT = 'mount -t tmpfs -o "$1" volume "$2" && shift 2 && exec "$@"'


def apart(
    code: str, *arguments: str, volume: Path | None = None, options: str = "", user: Sequence[str] = ()
) -> Any:
    """What `code` tells last with `tell`; its `arguments` are in sys.argv.

    `volume` becomes the root of a new tmpfs with these mount `options`, such as size=64k.
    """
    python = [*user, sys.executable, "-c", PREAMBLE + code, *arguments]
    mount = ["unshare", "--mount", "sh", "-c", MOUNT, "sh", options, str(volume)] if volume else []
    result = subprocess.run([*mount, *python], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def racing(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """`code` in a process that goes on beside this one; whoever starts it reads it to its end."""
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + code, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
