"""A log shipper as nodes run one: Debian's rsyslog, which follows a container's log through rotations."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imfile")
template(name="as-it-is" type="list") {{ property(name="msg") constant(value="\\n") }}
ruleset(name="keep") {{ action(type="omfile" file="{folder}/shipped" template="as-it-is") }}
input(type="imfile" file="{log}" tag="toolbox:" ruleset="keep")
"""
STOP_SECONDS = 20


@dataclass(frozen=True)
class Shipped:
    """What has arrived; a line of a container's log is TIME STREAM FLAG TEXT, as the kubelet demands it."""

    path: Path

    def lines(self) -> list[dict[str, Any]]:
        """The JSON that the agent wrote to stdout, so far."""
        whole, _, _ = self.path.read_bytes().rpartition(b"\n") if self.path.exists() else (b"", b"", b"")
        words = [line.split(b" ", 3) for line in whole.splitlines()]
        return [json.loads(text) for _, stream, _, text in words if stream == b"stdout"]


@contextmanager
def shipping(log: Path, folder: Path) -> Iterator[Shipped]:
    """Follow one container's log until the block is left."""
    program = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
    assert program is not None, "install Debian's package rsyslog"
    configuration = folder / "rsyslog.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, log=log))
    process = subprocess.Popen([program, "-n", "-f", configuration, "-i", folder / "pid"])
    try:
        yield Shipped(folder / "shipped")
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
