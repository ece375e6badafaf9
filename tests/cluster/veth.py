"""The one thing that the host gets: a veth whose other end is in the node's network namespace."""

import subprocess
from pathlib import Path

import settings
from places import NUMBER
from progress import output, wait_until

LINK = f"tshoot{NUMBER}"
DEADLINE = 30.0
_PRESENT = Path("/sys/class/net") / LINK


def connect(pid: int) -> None:
    """Link the host with the network namespace of a process; a route to the pods comes and goes with it."""
    ours = Path("/proc/self/ns/net").readlink()
    theirs = Path(f"/proc/{pid}/ns/net")
    wait_until(lambda: theirs.readlink() != ours, "the node's network namespace", DEADLINE)
    output(["ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    output(["ip", "addr", "add", f"{settings.HOST_IP}/{settings.LINK_PREFIX}", "dev", LINK])
    output(["ip", "link", "set", LINK, "up"])
    output(["ip", "route", "add", settings.POD_SUBNET, "via", settings.NODE_IP])


def remove() -> None:
    """Take the link away. It goes with the node's namespace, but a connection that is half closed keeps that
    alive for minutes.
    """
    if _PRESENT.exists():
        subprocess.run(
            ["ip", "link", "del", LINK], capture_output=True, check=False
        )  # it may go by itself now
    wait_until(lambda: not _PRESENT.exists(), f"the end of {LINK}", DEADLINE)
