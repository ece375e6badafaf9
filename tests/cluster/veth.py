"""The one thing that the host gets: a veth whose other end is in the node's network namespace."""

from pathlib import Path

import settings
from progress import output, wait_until

LINK = "tshoot0"
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


def wait_gone() -> None:
    """The link goes with the last process of the node's namespace, a moment later."""
    what = f"the end of {LINK}, which `ip link del {LINK}` removes"
    wait_until(lambda: not _PRESENT.exists(), what, DEADLINE)
