"""A TCP port of all pods that one address cannot reach: a rule in the test node's own network namespace.

The host's own rules are never touched; the rule goes with the block, and else with the node.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness import Cluster

CHAIN = "FORWARD"
LOCK_SECONDS = "20"  # kube-proxy writes rules too


@dataclass(frozen=True)
class Block:
    """The rule in force; `match` is what it drops."""

    cluster: Cluster
    match: tuple[str, ...]

    def dropped(self) -> int:
        """Packets so far."""
        line = next(line for line in self._iptables("-L", CHAIN, "-n", "-v", "-x") if self._tag in line)
        return int(line.split()[0])

    def put(self) -> None:
        self._iptables("-I", CHAIN, *self._rule)

    def take_away(self) -> None:
        self._iptables("-D", CHAIN, *self._rule)

    @property
    def _tag(self) -> str:
        return f"blocked for {self.match[1]}"

    @property
    def _rule(self) -> tuple[str, ...]:
        return (*self.match, "-m", "comment", "--comment", self._tag, "-j", "DROP")

    def _iptables(self, *arguments: str) -> list[str]:
        inside = ["nsenter", f"--net=/proc/{self.cluster.pid}/ns/net"]
        command = [*inside, "iptables", "-w", LOCK_SECONDS, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@contextmanager
def blocked(cluster: Cluster, port: int, *, source: str, but_for: str) -> Iterator[Block]:
    """For this source during the block, silently, as a firewall does; `but_for` is the one pod it reaches."""
    block = Block(cluster, ("-s", source, "!", "-d", but_for, "-p", "tcp", "--dport", str(port)))
    block.put()
    try:
        yield block
    finally:
        block.take_away()
