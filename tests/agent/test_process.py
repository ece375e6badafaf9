"""What the kernel tells of processes, and how all of them end; each test has a family of its own."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from apart import apart
from processes import children_of, name_of, wait_for

from troubleshooter_agent import process

IMPORT = "from troubleshooter_agent import process\n"


@contextmanager
def family(script: str) -> Iterator[int]:
    """A shell that has started its children; ended with them."""
    shell = subprocess.Popen(
        ["bash", "-c", f"{script}\necho ready\nwait"], stdout=subprocess.PIPE, start_new_session=True
    )
    assert shell.stdout
    try:
        assert shell.stdout.readline() == b"ready\n"
        yield shell.pid
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.communicate()


def test_descendants_are_found_at_any_depth_parents_first() -> None:
    with family("(sleep 97; true) & (bash -c 'sleep 98; true'; true) &") as pid:

        def names() -> list[str]:
            return [name_of(each) for each in process.descendants(pid)]

        wait_for(lambda: sorted(names()) == ["bash", "bash", "bash", "sleep", "sleep"], "two generations")
        found = process.descendants(pid)
        assert set(found[:2]) == set(children_of(pid))


def test_descendants_of_nobody_are_none() -> None:
    assert process.descendants(2**22 + 1) == []


def test_all_descendants_are_killed_whatever_they_ignore_but_those_that_are_spared() -> None:
    """Background, nohup, setsid, a trap, a double fork under a subreaper, and a fork that never stops."""
    code = """
process.become_subreaper()
spared = subprocess.Popen(["bash", "-c", "sleep 99; true"])
for script in (
    "sleep 91 &", "nohup sleep 92 >/dev/null 2>&1 &", "setsid sleep 93 &", "trap '' HUP TERM; sleep 94; true",
    "(setsid bash -c 'sleep 95 & sleep 96' &)", "f() { while :; do sleep 0.01 & sleep 0.01; done; }; f",
):
    subprocess.Popen(["bash", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while len(process.descendants(os.getpid())) < 9:
    time.sleep(0.01)
process.kill_descendants(os.getpid(), spare=frozenset((spared.pid,)))
process.reap(spare=frozenset((spared.pid,)))
left = process.descendants(os.getpid())
tell([left[0] == spared.pid, len(left), spared.poll()])
process.kill_descendants(os.getpid())
"""
    assert apart(IMPORT + code) == [True, 2, None]


def test_what_the_spared_start_meanwhile_is_spared_too() -> None:
    """Or the end of one session would take the program of another that has just begun."""
    code = """
spared = subprocess.Popen(["bash", "-c", "while /bin/true; do :; done; exit 9"])
for _ in range(1000):
    process.kill_descendants(os.getpid(), spare=frozenset((spared.pid,)))
tell(spared.poll())
spared.kill()
"""
    assert apart(IMPORT + code) is None


def test_killing_is_bounded_where_somebody_cannot_be_killed() -> None:
    """Nothing waits for ever: here for a process that ends at once but is a zombie of another parent."""
    started = time.monotonic()
    with family("sleep 97 &") as pid:
        assert process.kill_descendants(pid, seconds=1.0) == 1
    assert time.monotonic() - started < 1.0


def test_orphans_come_to_the_subreaper_and_are_reaped() -> None:
    code = """
process.become_subreaper()
subprocess.run(["bash", "-c", "(sleep 0.05 &)"], check=True)
while process.descendants(os.getpid()):
    process.reap()
    time.sleep(0.01)
tell("gone")
"""
    assert apart(IMPORT + code) == "gone"


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 7", 7),
        ("exit 126", 126),
        ("exit 127", 127),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
        ("kill -HUP $$", 129),
        ("kill -SEGV $$", 139),
    ],
)
def test_exit_status_is_told_as_a_shell_tells_it(script: str, status: int) -> None:
    pid = os.posix_spawn("/bin/bash", ["bash", "-c", f"ulimit -c 0; {script}"], {})
    assert process.exit_status(os.pidfd_open(pid)) == status


def test_start_of_a_process_is_on_the_clock_of_all_deadlines() -> None:
    before = process.boot_time()
    with family("true") as pid:
        after = process.boot_time()
        assert before - 0.02 <= process.start_of(pid) <= after  # the kernel tells hundredths


def test_name_is_what_ps_shows() -> None:
    code = "process.rename('tshoot-test'); tell(Path('/proc/self/comm').read_text())"
    assert apart(IMPORT + code) == "tshoot-test\n"


def test_undumpable_process_belongs_to_root_in_proc_until_it_is_dumpable_again() -> None:
    """That is what keeps the same user from its descriptors."""
    code = """
owners = []
os.setgid(10001)
os.setuid(10001)
for change in (process.become_dumpable, process.become_undumpable, process.become_dumpable):
    change()
    owners.append(os.stat("/proc/self/fd").st_uid)
tell(owners)
"""
    assert apart(IMPORT + code) == [10001, 0, 10001]


def test_signals_go_on_past_those_that_are_gone(tmp_path: Path) -> None:
    with family("sleep 97 &") as pid:
        (sleeper,) = process.descendants(pid)
        process.signal_all([2**22 + 1, sleeper], signal.SIGSTOP)
        wait_for(lambda: " T " in Path(f"/proc/{sleeper}/stat").read_text(), "a stopped process")
