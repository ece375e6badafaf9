"""A session that takes too much ends, and no other: a real agent, real programs, real files."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import PATIENCE, wait_for
from recorded import Shell

from agent import RunningAgent, running_agent

MIB = 1 << 20
RESET = "\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m"
HOG = f'{sys.executable} -c \'held = bytes(range(256)) * 4096 * %d; print("he" + "ld"); input()\''


def memory_is(agent: RunningAgent, used: int, limit: int = 512) -> None:
    """Make the agent's control group say so, in MiB, among which 30 are pages of files."""
    folder = agent.folder / "cgroup"
    folder.mkdir(exist_ok=True)
    (folder / "memory.stat").write_text(f"inactive_file {20 * MIB}\nactive_file {10 * MIB}\n")
    (folder / "memory.max").write_text(f"{limit * MIB}\n")
    (folder / "new").write_text(f"{(used + 30) * MIB}\n")
    (folder / "new").rename(folder / "memory.current")


def ended_with(shell: Shell, agent: RunningAgent, user: str, why: str) -> str:
    """What a session says of its end that the toolbox has ordered for a reason, a pattern."""
    assert shell.wait() == 124
    (marker,) = agent.cast(user).markers[1:]
    found = re.fullmatch(f"session ended: ({why})", marker)
    assert found, marker
    assert shell.shown.decode().endswith(
        f"{RESET}\r\n[troubleshooter] this session has ended: {found[1]}; its recording is kept\r\n"
    )
    assert agent.cast(user).cat() == shell.shown
    return found[1]


def holding(agent: RunningAgent, user: str, mebibytes: int) -> Shell:
    """A session whose program holds memory."""
    shell = agent.bash(f"--user={user}")
    shell.sendline(HOG % mebibytes)
    shell.expect("held")
    return shell


def test_largest_session_ends_when_memory_is_short_and_the_others_go_on(agent: RunningAgent) -> None:
    with holding(agent, "large", 60) as large, holding(agent, "small", 20) as small, agent.bash() as idle:
        memory_is(agent, 455)  # 88.9 %
        wait_for(lambda: looks_again(agent), "another look")
        assert agent.status()["sessionsActive"] == 3
        memory_is(agent, 461)
        why = ended_with(
            large, agent, "large",
            r"it used the most memory \(\d+ MiB\) when the toolbox had 90 % of its 512 MiB in use",
        )  # fmt: skip
        (size,) = re.findall(r"(\d+) MiB\)", why)
        assert 60 <= int(size) < 100
        memory_is(agent, 100)
        assert idle.type("echo still here") == "still here\r\n"
        wait_for(lambda: looks_again(agent), "another look")
        memory_is(agent, 500)
        ended_with(
            small, agent, "small", r"it used the most memory \(\d+ MiB\) when .* 98 % of its .* in use"
        )
        memory_is(agent, 100)
        assert idle.type("echo still here") == "still here\r\n"
    assert len(agent.logged("memory-short")) == 2


def looks_again(agent: RunningAgent) -> bool:
    """Whether PID 1 has read the group's files since they were written: their access times tell."""
    file = agent.folder / "cgroup" / "memory.current"
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 1.2, "a look of PID 1")
    return file.exists()


def test_memory_that_stays_short_ends_another_session_only_after_a_while(agent: RunningAgent) -> None:
    with holding(agent, "large", 60) as large, holding(agent, "small", 20) as small:
        memory_is(agent, 500)
        ended_with(large, agent, "large", "it used the most memory.*")
        first = time.monotonic()
        ended_with(small, agent, "small", "it used the most memory.*")
        assert 5.0 < time.monotonic() - first < 7.5


def test_session_that_ignores_its_end_is_killed_and_no_other_in_its_place(agent: RunningAgent) -> None:
    with agent.bash("--user=deaf") as deaf, agent.bash("--user=other") as other:
        deaf.type("trap '' HUP; true")
        deaf.sendline(HOG % 60)
        deaf.expect("held")
        memory_is(agent, 500)
        deaf.expect("this session has ended")
        memory_is(agent, 100)
        assert deaf.wait() == 124
        assert other.type("echo still here") == "still here\r\n"


@pytest.fixture
def on_disk(agent: RunningAgent) -> Path:
    """A folder of 16 MiB that the agent watches; on a disk, where written bytes are told."""
    kind = subprocess.check_output(["stat", "--file-system", "--format=%T", str(agent.folder)]).strip()
    if kind in {b"tmpfs", b"ramfs"}:
        pytest.skip(f"{agent.folder} is in memory")
    return agent.folder / "run"


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[tuple[RunningAgent, Path]]:
    """The same on a file system that stores nothing; the agent is its own."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        Path(folder).chmod(0o777)
        options = (f"--limit={folder}=4Mi",)
        with running_agent(tmp_path, options=options, time_to_live="1h", idle_timeout="1h") as agent:
            yield agent, Path(folder)


def full(folder: Path, limit: int) -> str:
    return rf"it wrote the most when {folder} had \d+ % of its {limit} MiB in use"


def test_largest_writer_ends_when_a_folder_is_nearly_full(agent: RunningAgent, on_disk: Path) -> None:
    """Its program has ended by then, so it is the shell that answers for it; the file stays."""
    with agent.bash("--user=large") as large, agent.bash("--user=small") as small:
        small.type(f"head -c 1M /dev/zero > {on_disk}/small")
        large.sendline(f"head -c 14M /dev/zero > {on_disk}/large")
        ended_with(large, agent, "large", full(on_disk, 16))
        began = time.monotonic()
        small.type(f"head -c 100K /dev/zero > {on_disk}/little")
        wait_for(lambda: time.monotonic() - began > 3, "further measurements")
        assert small.type("echo still here") == "still here\r\n"
    (line,) = agent.logged("folder-full")
    assert f"folder={on_disk}" in line


def test_writer_that_goes_on_is_ended_before_the_limit(agent: RunningAgent, on_disk: Path) -> None:
    """1 MiB every 50 ms: from nothing to the limit in 0.8 s, of which the last tenth are 80 ms."""
    with agent.bash("--user=steady") as steady:
        steady.type(f"touch {on_disk}/file")
        steady.sendline(f"while head -c 128K /dev/zero >> {on_disk}/file; do sleep 0.05; done")
        ended_with(steady, agent, "steady", full(on_disk, 16))
    assert 14 * MIB < (on_disk / "file").stat().st_size < 16 * MIB


def test_in_memory_whoever_has_the_file_open_is_the_writer(in_memory: tuple[RunningAgent, Path]) -> None:
    """Nothing is ever stored there; what somebody else writes to a pipe meanwhile fills no folder."""
    agent, folder = in_memory
    with agent.bash("--user=writer") as writer, agent.bash("--user=printer") as printer:
        printer.type("head -c 20M /dev/zero | cat > /dev/null")
        writer.sendline(f"exec 5> {folder}/file; head -c 3800K /dev/zero >&5")
        ended_with(writer, agent, "writer", full(folder, 4))
        assert printer.type("echo still here") == "still here\r\n"


def test_folder_that_no_session_has_filled_ends_nobody_and_is_told_once(
    agent: RunningAgent, on_disk: Path
) -> None:
    with agent.bash() as shell:
        (on_disk / "foreign").write_bytes(os.urandom(15 * MIB))
        wait_for(lambda: agent.logged("folder-full"), "the log", seconds=PATIENCE)
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began > 3, "further measurements")
        assert shell.type("echo still here") == "still here\r\n"
    (line,) = agent.logged("folder-full")
    assert line.endswith('session=""')


def test_measuring_leaves_no_process_behind(agent: RunningAgent, on_disk: Path) -> None:
    with agent.bash() as shell:
        for size in range(1, 14):
            shell.type(f"head -c {size}M /dev/zero > {on_disk}/file")
        wait_for(lambda: "tshoot-measure" not in agent.processes(), "no measurement")
        assert not [state for states in agent.processes().values() for state in states if "Z" in state]
