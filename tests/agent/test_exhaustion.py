"""A session that uses something up ends at most itself; the others work on and are complete.

Each test has a limit of its own, so that nothing of the machine is used up.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from control_groups import enter, group
from processes import name_of, wait_for
from recorded import Shell

from agent import RunningAgent, running_agent
from troubleshooter_agent import process

MIB = 1 << 20


@contextmanager
def beside(agent: RunningAgent) -> Iterator[Shell]:
    """Another session, which works on whatever happens in the block, and whose recording is complete."""
    with agent.bash("--user=other") as other:
        assert other.type("echo before") == "before\r\n"
        yield other
        assert other.type("echo after") == "after\r\n"
        other.sendline("exit 3")
        assert other.wait() == 3
    cast = agent.cast("other")
    assert cast.cat() == other.shown
    assert cast.markers == ["recording started", "session ended: exit status 3"]
    assert (cast.summary["exitCode"], cast.summary["failure"]) == (3, None)


TERMINALS = """
import os
held = []
try:
    while True:
        held += os.openpty()
except OSError as error:
    print("stopped by", error.errno, flush=True)
input()
"""
# One line a session, and what it shows.
GREEDY = {
    "descriptors": (
        f"ulimit -n 20; exec {sys.executable} -c 'held = [open(\"/dev/null\") for _ in range(99)]'",
        "Too many open files",
    ),
    "address space": (f"ulimit -v 400000; exec {sys.executable} -c 'held = bytes(1 << 30)'", "MemoryError"),
    "time on the processor": ("ulimit -t 1; while :; do :; done", "Killed"),
    "size of a file": ("ulimit -f 1; head -c 1M /dev/zero > large", "File size limit exceeded"),
}


@pytest.mark.parametrize(("line", "shown"), GREEDY.values(), ids=GREEDY.keys())
def test_session_that_meets_its_own_limit_ends_at_most_itself(
    agent: RunningAgent, line: str, shown: str
) -> None:
    with beside(agent), agent.shell("--user=greedy", "-c", f"({line}); echo over") as greedy:
        greedy.wait()
    assert shown in agent.cast("greedy").shown
    assert agent.cast("greedy").summary["failure"] is None


def test_last_terminal_of_the_pod_refuses_shells_and_ends_none(agent: RunningAgent) -> None:
    """A devpts of its own with six terminals; the persons' terminals are of another."""
    options = "newinstance,ptmxmode=0666,max=6"
    agent.inside("mount", "-t", "devpts", "-o", options, "devpts", "/dev/pts")
    with beside(agent), agent.shell("--user=greedy", "--", sys.executable, "-c", TERMINALS) as greedy:
        greedy.expect("stopped by 28")  # ENOSPC
        refused = agent.shell("--user=late")
        assert refused.wait() == 126
        assert "out of pty devices" in refused.shown.decode()
        assert agent.cast("late").markers[-1] == "session ended: exit status 126"
        greedy.sendline()
        assert greedy.wait() == 0
        assert agent.run("-c", "exit 4").returncode == 4


def test_fork_bomb_leaves_recorders_and_pid_1_as_they_are(agent: RunningAgent) -> None:
    """40 processes for the whole toolbox, all of which the bomb takes: no new shell, but every old one."""
    bomb = (
        "import os, time\nbegan = time.monotonic()\n"
        "while time.monotonic() < began + 20:\n"
        "    try:\n        if os.fork() == 0: time.sleep(30); os._exit(0)\n"
        "    except OSError: break\n"
        "print('full', flush=True)\ninput()"
    )
    with group("pids", {"pids.max": "40"}) as pids, ExitStack() as stack:
        enter(pids, agent.pid)
        other = stack.enter_context(beside(agent))
        greedy = stack.enter_context(agent.shell("--user=greedy", "--", sys.executable, "-c", bomb))
        greedy.expect("full")
        refused = agent.run("-c", "exit 4")
        assert refused.returncode == 74
        assert b"no room for another session" in refused.stderr
        assert other.type("type echo") == "echo is a shell builtin\r\n"
        greedy.send("\x03")
        assert greedy.wait() != 0
        assert agent.run("-c", "exit 4").returncode == 4
        stack.close()
        agent.terminate()
        assert agent.wait() == 143
    assert agent.logged("agent-failed") == []


def test_fork_bomb_that_goes_on_ends_with_its_session(agent: RunningAgent) -> None:
    """Bounded to 60 processes: it forks anew for each that is killed, until none is left."""
    with group("pids", {"pids.max": "60"}) as pids, ExitStack() as stack:
        enter(pids, agent.pid)
        other = stack.enter_context(beside(agent))
        greedy = stack.enter_context(agent.bash("--user=greedy"))
        greedy.sendline("bomb() { bomb | bomb & bomb; }; (bomb) 2> /dev/null")
        wait_for(lambda: len(process.descendants(agent.pid)) > 50, "the bomb")
        recorder = max(agent.recorders())
        greedy.kill()  # the person leaves; the session goes on
        os.kill(recorder, 9)
        wait_for(lambda: len(process.descendants(agent.pid)) < 10, "the end of the bomb")
        assert other.type("echo still here") == "still here\r\n"
        stack.close()
        agent.terminate()
        assert agent.wait() == 143


# Memory, with the kernel's own accounting.


@pytest.fixture
def memory() -> Iterator[Path]:
    """A group in which no process can have more than 300 MiB, without swap."""
    limits = {
        "memory.limit_in_bytes": str(300 * MIB), "memory.memsw.limit_in_bytes": str(300 * MIB),
        "memory.max": str(300 * MIB), "memory.swap.max": "0",
    }  # fmt: skip
    with group("memory", limits) as folder:
        yield folder


HOG = """
import time
held = []
for step in range(60):
    held.append(bytes(range(256)) * 4096 * %d)
    time.sleep(%s)
print("never")
"""


def test_memory_that_grows_slowly_ends_its_session_and_no_program_by_the_kernel(
    memory: Path, tmp_path: Path
) -> None:
    """10 MiB every 50 ms, so 0.45 s from seven to nine tenths."""
    options = (f"--cgroup={memory}",)
    with (
        running_agent(tmp_path, options=options, time_to_live="1h", idle_timeout="1h") as agent,
        beside(agent),
        agent.bash("--user=greedy") as greedy,
    ):
        for pid in [agent.pid, *process.descendants(agent.pid)]:
            enter(memory, pid)
        (tmp_path / "hog.py").write_text(HOG % (10, 0.05))
        greedy.sendline(f"{sys.executable} {tmp_path}/hog.py")
        assert greedy.wait() == 124
        last = agent.cast("greedy").markers[-1]
        assert last.startswith("session ended: it used the most memory (2")
        assert "% of its 300 MiB in use" in last


def active_bytes(memory: Path) -> int:
    """Of files, by the group's statistics."""
    found = re.findall(r"^(?:total_)?active_file (\d+)$", (memory / "memory.stat").read_text(), re.MULTILINE)
    return max(map(int, found))


def test_cache_of_files_ends_nobody(memory: Path, tmp_path: Path) -> None:
    """Files that are read again and again fill the memory too, until somebody needs it."""
    options = (f"--cgroup={memory}",)
    with (
        running_agent(tmp_path, options=options, time_to_live="1h", idle_timeout="1h") as agent,
        beside(agent),
        agent.bash("--user=reader") as reader,
    ):
        for pid in [agent.pid, *process.descendants(agent.pid)]:
            enter(memory, pid)
        reader.type(f"head -c 275M /dev/zero > {tmp_path}/large; sync {tmp_path}/large")
        reader.type(f"for n in 1 2 3; do cat {tmp_path}/large > /dev/null; sleep 0.5; done")
        assert active_bytes(memory) > 0.5 * 300 * MIB
        assert reader.type("echo still here") == "still here\r\n"
    assert agent.logged("memory-short") == []


def test_memory_that_grows_too_fast_is_the_kernel_s_and_no_recording_suffers(
    memory: Path, agent: RunningAgent, tmp_path: Path
) -> None:
    """The kernel ends a program of a session, never a recorder: that one stands last in its list."""
    (tmp_path / "hog.py").write_text(HOG % (200, 0))
    with beside(agent), agent.bash("--user=greedy") as greedy:
        for pid in [agent.pid, *process.descendants(agent.pid)]:
            enter(memory, pid)
        greedy.type("echo kept")
        greedy.sendline(f"{sys.executable} {tmp_path}/hog.py; echo status $?")
        greedy.expect("status 137")
        greedy.sendline("exit 5")
        assert greedy.wait() == 5
    cast = agent.cast("greedy")
    assert cast.cat() == greedy.shown
    assert cast.markers == ["recording started", "session ended: exit status 5"]
    assert agent.logged("recorder-died") == []
    assert name_of(agent.pid) == "tshoot-agent"
