"""A volume with recordings, made by hand: literals as asciicast v2 has them, at the places they have."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubelet import AGENT_ROOT
from processes import children_of, wait_for

SCRIPTS = Path(sys.executable).parent
HEADER = (
    '{"version":2,"width":80,"height":24,"timestamp":1795372803,"env":{"SHELL":"/bin/bash"},'
    '"troubleshooter":{"namespace":"shop","name":"box","user":"alice","verified":false}}\n'
)
STARTED = '[0.0,"m","recording started"]\n'
HELLO = '[0.5,"o","hello \\u001b[1mw\\u00f6rld\\u001b[0m\\r\\n"]\n'
BROKEN_UTF8 = '[1.0,"b","Zv9i"]\n[1.0,"o","f\ufffdb"]\n'  # base64 of 66 ff 62
ENDED = '[65.25,"m","session ended: exit status 7"]\n'
WHOLE = HEADER + STARTED + HELLO + BROKEN_UTF8 + ENDED
ID = "3f9k2m1x"
NAME = f"2026-11-22T18-40-03Z-{ID}"
FILE = f"shop/box/{NAME}.cast"


def put(root: Path, cast: str | bytes, *, name: str = NAME, folder: str = "shop/box") -> Path:
    """A recording on the volume."""
    path = root / folder / f"{name}.cast"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cast.encode() if isinstance(cast, str) else cast)
    return path


@contextmanager
def locked(cast: Path) -> Iterator[None]:
    """Another process holds the lock of a recorder."""
    with subprocess.Popen(["flock", "--exclusive", str(cast), "sleep", "100"]) as process:
        try:
            wait_for(lambda: children_of(process.pid), "the lock")
            yield
        finally:
            for pid in children_of(process.pid):
                os.kill(pid, 9)


def environment(home: Path) -> dict[str, str]:
    """For a reading as a program of its own."""
    return {
        "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
        "PYTHONPATH": str(AGENT_ROOT),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
    }
