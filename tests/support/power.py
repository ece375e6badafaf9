"""A disk that loses what was not synced: ext4 on a loop device, and the kernel's own crash of it.

EXT4_IOC_SHUTDOWN stops all writing at once, flushes neither journal nor pages, and what the disk has is
what it had; the next mount replays the journal, as after a power cut. This is how file systems are
tested for crashes (xfstests).
"""

import fcntl
import os
import random
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from casts import Cast
from onlooker import Onlooker, watch, watch_to_the_end
from processes import wait_for
from storm import FLOOD
from verdict import exact, opens

from agent import RunningAgent, running_agent, start_agent, stop_agent

SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32), of fs/ext4/ext4.h
NO_LOG_FLUSH = 2
# Said by a recorder that sees the disk fail before the node is gone; that is not recorded.
UNRECORDED = b"\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m\r\n[troubleshooter] this session ended, since"
SESSIONS = 3
SHORTEST_RUN = 1.0  # in seconds, so that something has been synced
FURTHER = 1.5


@dataclass(frozen=True)
class Loss:
    """Of one session: what its person had seen, what of it is missing, and for how long it had been seen."""

    relayed: int
    lost: int
    seconds: float
    unopened: str
    last_marker: str


def lose_a_node(folder: Path, chance: random.Random) -> list[Loss]:
    """Flooding sessions on a node that loses power at a random instant, and what the next agent has then."""
    image = make_disk(folder)
    agent = start_agent(folder, volume=str(image), time_to_live="1h", idle_timeout="1h")
    people = [_at_a_flood(agent, f"u{number}", chance.randrange(1 << 30)) for number in range(SESSIONS)]
    try:
        wait_for(lambda: len(agent.casts) == SESSIONS, "all sessions")
        watch(people, SHORTEST_RUN + FURTHER * chance.random())
        instant = lose_power(agent, image)
        watch_to_the_end(people)
    finally:
        stop_agent(agent)
        for person in people:
            person.leave()
    with running_agent(folder, volume=str(image), time_to_live="1h", idle_timeout="1h") as second:
        wait_for(lambda: len(second.summaries()) == SESSIONS, "the mending")
        return [_loss(person, second.path(person.user), instant) for person in people]


def _at_a_flood(agent: RunningAgent, user: str, seed: int) -> Onlooker:
    command = (f"--user={user}", "--", sys.executable, "-SI", str(FLOOD), str(seed))
    return Onlooker(user, agent.shell(*command))


def _loss(person: Onlooker, cast: Path, instant: float) -> Loss:
    shown = person.relayed().partition(UNRECORDED)[0]
    unopened = opens(cast)
    recorded = b"" if unopened else exact(Cast.read(cast))
    length = min(len(recorded), len(shown))
    assert recorded[:length] == shown[:length], "the recording is of something else"
    is_missing = length < len(shown)
    seconds = max(0.0, instant - person.time_of(length)) if is_missing else 0.0
    marker = "" if unopened else Cast.read(cast).markers[-1]
    return Loss(len(shown), len(shown) - length, seconds, unopened, marker)


def make_disk(folder: Path, size: int = 256 << 20) -> Path:
    """An image of a new file system, to be a toolbox's volume."""
    image = folder / "volume.ext4"
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-E", "root_owner=0:0", image], check=True)
    return image


def fail(agent: RunningAgent) -> None:
    """The disk of an agent takes nothing more, and says so (EIO)."""
    volume = os.open(agent.recordings, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.ioctl(volume, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    finally:
        os.close(volume)


def lose_power(agent: RunningAgent, image: Path) -> float:
    """The node of an agent is gone, with all that its disk had not; the instant (time.time)."""
    instant = time.time()
    fail(agent)
    os.kill(agent.pid, signal.SIGKILL)
    stop_agent(agent)
    wait_for(lambda: not _is_attached(image), "the end of the disk")
    return instant


def _is_attached(image: Path) -> bool:
    return bool(subprocess.run(["losetup", "-j", image], capture_output=True, check=True).stdout)
