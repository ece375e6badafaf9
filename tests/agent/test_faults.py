"""What a volume can do wrong while it is written to, and that nothing is shown which it did not take.

The faults are told to the system calls of the recording (faulty_agent.py); what can be had for real is
in test_fail_closed.py, test_stuck.py and test_lost_node.py.
"""

import errno
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from casts import Cast
from onlooker import Onlooker, watch, watch_to_the_end
from processes import wait_for
from verdict import exact, opens

from agent import RunningAgent, running_agent, start_agent, stop_agent

FAULTY = (
    sys.executable,
    str(Path(__file__).parents[1] / "support" / "faulty_agent.py"),
)
ENDED = (
    b"\x1b7\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[0m\r\n[troubleshooter] this session ended, "
    b"since it can no longer be recorded: cannot write the recording "
)
ON_PIPES = "trap '' HUP; echo seen; read line; echo unseen; sleep 1000"
WRITES = [
    (errno.ENOSPC, "no-space", "No space left on device"),
    (errno.EDQUOT, "no-space", "Disk quota exceeded"),
    (errno.EFBIG, "no-space", "File too large"),
    (errno.EIO, "io", "Input/output error"),
    (errno.EROFS, "read-only", "Read-only file system"),
]
each_write = pytest.mark.parametrize(
    ("number", "kind", "words"), WRITES, ids=[errno.errorcode[number] for number, *_ in WRITES]
)


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[RunningAgent]:
    """A toolbox whose volume takes orders."""
    with running_agent(tmp_path, main=FAULTY, time_to_live="1h", idle_timeout="1h") as agent:
        yield agent


def order(agent: RunningAgent, fault: str) -> None:
    part = agent.folder / "fault.part"
    part.write_text(fault)
    part.rename(agent.folder / "fault")


@each_write
def test_terminal_shows_nothing_of_a_batch_that_was_not_taken(
    faulty: RunningAgent, number: int, kind: str, words: str
) -> None:
    """The program, which ignores a hang-up, ends all the same; of a partly taken batch nothing stays."""
    puppet = faulty.puppet()
    puppet.write(b"seen")
    puppet.shell.expect("seen")
    before = faulty.path().read_bytes()
    order(faulty, f"write {number} 100")
    began = time.monotonic()
    puppet.write(b"unseen" * 100)
    assert puppet.shell.wait() == 74
    assert time.monotonic() - began < 1.0
    assert puppet.shell.shown.startswith(b"ready\nseen" + ENDED)
    assert words in puppet.shell.shown.decode()
    assert_told(faulty, kind, words)
    assert faulty.path().read_bytes() == before


@each_write
def test_pipes_get_nothing_of_a_batch_that_was_not_taken(
    faulty: RunningAgent, number: int, kind: str, words: str
) -> None:
    session = faulty.open("-c", ON_PIPES, stdin=subprocess.PIPE)
    person = Onlooker("", session)
    wait_for(lambda: faulty.casts and "seen\n" in Cast.read(faulty.path()).shown, "the first words")
    before = faulty.path().read_bytes()
    order(faulty, f"write {number} 0")
    began = time.monotonic()
    assert session.stdin
    session.stdin.write(b"\n")
    session.stdin.flush()
    assert session.wait(20) == 74
    assert time.monotonic() - began < 1.0
    watch_to_the_end([person])
    assert person.shown == b"seen\n"
    person.leave()
    assert_told(faulty, kind, words)
    assert faulty.path().read_bytes() == before


def assert_told(agent: RunningAgent, kind: str, words: str) -> None:
    """Wherever somebody looks, but for the terminal and the recording."""
    status = agent.wait_until_closed(1)
    assert (status["recordingFailures"], status["sessions"][0]["exitCode"]) == (1, 74)
    (summary,) = agent.summaries()
    assert words in summary["failure"]
    assert (summary["exitCode"], summary["bytes"]) == (74, agent.path().stat().st_size)
    metric = f'troubleshooter_agent_recording_failures_total{{kind="{kind}"}} 1.0'
    wait_for(lambda: metric in metrics(agent), metric)
    agent.terminate()
    assert agent.wait() == 143
    told = agent.last_words()
    assert (told["recordingFailures"], told["sessions"][0]["exitCode"]) == (1, 74)


def metrics(agent: RunningAgent) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{agent.port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("fault", ["write 5 100 once", "sync 5"])
def test_marker_tells_the_failure_where_it_can_be_written(faulty: RunningAgent, fault: str) -> None:
    """A failed fdatasync is not tried again: what it lost is lost, although later ones may not say so."""
    puppet = faulty.puppet()
    order(faulty, fault)
    began = time.monotonic()
    puppet.write(b"unsynced" * 20)
    assert puppet.shell.wait() == 74
    assert time.monotonic() - began < 2.0  # half a second of it until the sync
    faulty.wait_until_closed(1)
    assert opens(faulty.path()) == ""
    cast = f"{faulty.folder}/recordings/shop/box/{faulty.path().name}"
    why = (
        f"cannot write the recording {cast}: Input/output error (look at the volume's events and its storage)"
    )
    assert faulty.cast().markers == ["recording started", f"session ended: {why}"]
    shown = puppet.shell.shown.partition(ENDED)[0]
    assert shown == (b"ready\n" if fault.startswith("write") else b"ready\n" + b"unsynced" * 20)
    assert faulty.cast().shown.encode() == shown


@each_write
def test_shell_whose_recording_cannot_begin_says_so_and_leaves_nothing(
    faulty: RunningAgent, number: int, kind: str, words: str
) -> None:
    order(faulty, f"write {number} 20")
    with faulty.shell("-c", f"touch {faulty.folder}/ran") as shell:
        assert shell.wait() == 74
        assert b"troubleshooter: no shell without a recording: cannot write the recording" in shell.shown
        assert words in shell.shown.decode()
    assert not (faulty.folder / "ran").exists()
    assert [path for path in faulty.recordings.rglob("*") if path.is_file()] == []
    (line,) = faulty.logged("session-not-recorded")
    assert f"kind={kind}" in line
    order(faulty, "")
    assert faulty.run("-c", "exit 3").returncode == 3


@pytest.mark.parametrize("fault", ["short", "slow 0.02"])
def test_volume_that_is_only_slow_or_stingy_loses_nothing(faulty: RunningAgent, fault: str) -> None:
    order(faulty, fault)
    result = faulty.run("-c", "seq 2000; head -c 3000 /dev/urandom; exit 3")
    assert result.returncode == 3
    assert exact(faulty.cast()) == result.stdout
    assert faulty.cast().markers[-1] == "session ended: exit status 3"
    assert opens(faulty.path()) == ""


def test_of_a_volume_that_forgets_what_was_not_synced_a_second_at_most_is_missing(tmp_path: Path) -> None:
    """As of a lost node, on any machine; test_lost_node.py has a real disk that forgets."""
    agent = start_agent(tmp_path, main=FAULTY, time_to_live="1h", idle_timeout="1h")
    order(agent, "volatile")
    person = Onlooker("", agent.open("--", "sh", "-c", "while :; do echo 123456789; sleep 0.01; done"))
    watch([person], 3.0)
    os.kill(agent.recorders()[0], signal.SIGSTOP)  # as suddenly as a node is lost: it sees no end coming
    killed = time.time()
    stop_agent(agent)
    watch_to_the_end([person])
    person.leave()
    order(agent, "")
    with running_agent(tmp_path, time_to_live="1h", idle_timeout="1h") as second:
        wait_for(second.summaries, "the mending")
        assert opens(second.path()) == ""
        kept = exact(second.cast())
    assert person.shown.startswith(kept)
    assert len(kept) < len(person.shown)
    assert killed - person.time_of(len(kept)) < 1.0
