"""Following a session that runs: joined at any instant, the screen is that of one who saw it all."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from casts import Cast
from processes import children_of, wait_for
from screens import lines, looks, shown
from terminal import Terminal
from volumes import ENDED, HEADER, HELLO, ID, STARTED, WHOLE, environment, locked, put

from agent import RunningAgent
from troubleshooter_agent.follow import LOCK_SECONDS, MEND_SECONDS, Over
from troubleshooter_agent.interpreter import Interpreter
from troubleshooter_agent.neutral import CLEAN

FLOOD = """
import sys, time
for block in range(60):
    sys.stdout.write("".join(f"\\x1b[3{n % 8}m{block} {n} some text\\x1b[0m\\n" for n in range(200)))
    sys.stdout.flush()
    time.sleep(0.02)
print("\\x1b[1mthe end", end="", flush=True)
"""


@contextmanager
def following(root: Path, wanted: str, *, cols: int = 80, rows: int = 24) -> Iterator[Terminal]:
    """A viewer at a terminal of its own."""
    command = [sys.executable, "-m", "troubleshooter_agent", "follow", "--recordings", str(root), wanted]
    with Terminal(command, cols=cols, rows=rows, env=environment(root)) as viewer:
        yield viewer


def seen(viewer: Terminal, cols: int = 80, rows: int = 24) -> Interpreter:
    """The viewer's screen, just before it was cleaned up."""
    before, _, after = viewer.shown.decode().rpartition(CLEAN)
    assert after.startswith(f"\x1b[{rows}H\r\n")
    return shown(cols, rows, before)


def whole(cast: Path, cols: int = 80, rows: int = 24) -> Interpreter:
    """The screen of one who saw all of a recording that never changed its size."""
    return shown(cols, rows, Cast.read(cast).shown)


@pytest.fixture
def joined(agent: RunningAgent) -> Iterator[Callable[..., list[Terminal]]]:
    """Viewers who join the only session at random instants, with a fixed seed, and stay to its end."""
    chance = random.Random(4)  # noqa: S311 - no secret
    viewers: list[Terminal] = []
    with ExitStack() as stack:

        def join(count: int, within: float) -> list[Terminal]:
            for _ in range(count):
                time.sleep(chance.uniform(0, within / count))  # the instants are what is tested
                viewers.append(stack.enter_context(following(agent.recordings, agent.path().stem[-8:])))
            return viewers

        yield join


def test_flood_is_seen_alike_whenever_it_is_joined(
    agent: RunningAgent, joined: Callable[..., list[Terminal]]
) -> None:
    with agent.shell("--", sys.executable, "-c", FLOOD, cols=80, rows=24) as shell:
        wait_for(lambda: agent.casts, "the recording")
        viewers = joined(4, within=1.5)
        assert shell.wait(60) == 0
    assert [viewer.wait(60) for viewer in viewers] == [0] * 4
    expected = looks(whole(agent.path()))
    assert [looks(seen(viewer)) for viewer in viewers] == [expected] * 4


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (["top", "-d", "0.2"], ["c", "1", "M"]),
        (["less", "/etc/services"], [" ", "/tcp\r", "n", "b", "G", "y"]),
        (["vim", "-u", "NONE", "-N"], ["iin vim\r\x1b", "yy20p", ":set nu\r", "ggdd", ":split\r", "G"]),
    ],
    ids=["top", "less", "vim"],
)
def test_full_screen_program_is_seen_alike_whenever_it_is_joined(
    agent: RunningAgent, joined: Callable[..., list[Terminal]], command: list[str], keys: list[str]
) -> None:
    """It is killed in the end, so that its screen stands."""
    with agent.shell("--", *command, cols=80, rows=24) as shell:
        wait_for(lambda: agent.casts and "\x1b[" in agent.cast().shown, "the program")
        for key in keys:
            viewers = joined(1, within=0.3)
            shell.send(key)
        if command[0] != "top":
            settled(lambda: agent.path().stat().st_size)
        (program,) = children_of(agent.recorders()[-1])
        os.kill(program, signal.SIGKILL)
        shell.wait()
    assert [viewer.wait() for viewer in viewers] == [0] * len(keys)
    expected = whole(agent.path())
    assert expected.screen.alternate or command[0] == "top"
    assert [looks(seen(viewer)) for viewer in viewers] == [looks(expected)] * len(keys)


def test_smaller_window_shows_a_part_and_says_so(tmp_path: Path) -> None:
    """The part with the cursor."""
    text = "".join(f"line {n:02} {'x' * 60}\\r\\n" for n in range(20))
    put(tmp_path, HEADER + STARTED + f'[1.0,"o","{text}$ \\u001b[31mred"]\n' + ENDED)
    with following(tmp_path, ID, cols=40, rows=6) as viewer:
        assert viewer.wait() == 0
    assert lines(seen(viewer, 40, 6)) == [
        *(f"line {n} {'x' * 32}" for n in range(16, 20)), "$ red", " 80x24, cut to your window of 40x6",
    ]  # fmt: skip


def test_larger_window_shows_it_as_it_was(tmp_path: Path) -> None:
    """Lines end where they ended, and scroll where they scrolled."""
    text = "x" * 85 + "\\r\\n" * 30 + "at the bottom"
    put(tmp_path, HEADER + STARTED + f'[1.0,"o","{text}"]\n' + ENDED)
    with following(tmp_path, ID, cols=100, rows=40) as viewer:
        assert viewer.wait() == 0
    assert lines(seen(viewer, 100, 40)) == [""] * 23 + ["at the bottom"] + [""] * 16


def test_window_that_gets_the_size_of_the_recording_shows_all_of_it(tmp_path: Path) -> None:
    """And so when the recorded one changes."""
    cast = put(tmp_path, HEADER + STARTED + HELLO)
    with locked(cast), following(tmp_path, ID, cols=40, rows=6) as viewer:
        viewer.expect("cut to your window of 40x6")
        viewer.resize(80, 24)
        viewer.expect("hello")
        with cast.open("a") as file:
            file.write('[1.0,"r","40x6"]\n[1.0,"o","narrow"]\n')
        viewer.expect("narrow")
        viewer.resize(40, 6)
        viewer.expect("hello")
        with cast.open("a") as file:
            file.write(ENDED)
        assert viewer.wait() == 0
    assert lines(seen(viewer, 40, 6))[:2] == ["hello wörld", "narrow"]


def test_what_is_shown_is_neutralised(tmp_path: Path) -> None:
    """Also a sequence of which the beginning was there before, and the end came later."""
    evil = "a\\u001b]52;c;ZXZpbA==\\u0007b\\u001b[6n\\u001b[?1000hc\\u001b]0;half"
    cast = put(tmp_path, HEADER + STARTED + f'[1.0,"o","{evil}"]\n')
    with locked(cast), following(tmp_path, ID) as viewer:
        viewer.expect("abc")
        with cast.open("a") as file:
            file.write('[2.0,"o"," a title\\u0007d\\u001b[c"]\n' + ENDED)
        assert viewer.wait() == 0
    assert lines(seen(viewer))[0] == "abcd"
    assert not any(sign in viewer.shown for sign in (b"]52;", b"\x1b[6n", b"?1000h", b"title", b"\x1b[c"))


def test_ended_recording_shows_its_last_screen_and_why_it_ended(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    with following(tmp_path, ID) as viewer:
        assert viewer.wait() == 0
    assert lines(seen(viewer))[:2] == ["hello wörld", "f\ufffdb"]
    assert viewer.shown.endswith(f"troubleshooter: {ID}: session ended: exit status 7\r\n".encode())


def test_recording_whose_recorder_has_gone_ends_after_a_while(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + HELLO)
    begin = time.monotonic()
    with following(tmp_path, ID) as viewer:
        assert viewer.wait() == 0
    assert time.monotonic() - begin > MEND_SECONDS
    assert b"its recorder is gone, and nobody has said why" in viewer.shown


def test_killed_recorder_is_followed_to_the_marker_that_tells_it(agent: RunningAgent) -> None:
    with (
        agent.bash() as shell,
        following(agent.recordings, agent.path().stem[-8:], cols=100, rows=30) as viewer,
    ):
        viewer.expect("is recorded as")
        os.kill(agent.recorders()[-1], signal.SIGKILL)
        assert viewer.wait() == 0
        shell.wait()
    assert b"session ended: its recorder was killed by signal 9" in viewer.shown


def test_ctrl_c_leaves_with_the_terminal_as_it_was(tmp_path: Path) -> None:
    """Keys that were pressed before are not typed into the viewer's shell afterwards."""
    cast = put(tmp_path, HEADER + STARTED + HELLO)
    follow = f"{sys.executable} -m troubleshooter_agent follow --recordings {tmp_path} {ID}"
    script = f"trap : INT; stty -g; {follow}; echo status $?; stty -g; dd iflag=nonblock count=1"
    with locked(cast), Terminal(["sh", "-c", script], env=environment(tmp_path)) as viewer:
        before = viewer.expect("\r\n")
        viewer.expect("hello")
        viewer.send("typed\r\x03")
        assert f"{ID}: you have left it" in viewer.expect("status 0\r\n")
        assert viewer.expect("\r\n") == before
        viewer.wait()
    assert b"unavailable" in viewer.shown  # dd found nothing to read
    assert b"typed" not in viewer.shown


def test_pipe_gets_the_stream(tmp_path: Path) -> None:
    put(tmp_path, WHOLE)
    command = [sys.executable, "-m", "troubleshooter_agent", "follow", "--recordings", str(tmp_path), ID]
    result = subprocess.run(command, env=environment(tmp_path), capture_output=True, check=True, timeout=30)
    assert lines(shown(80, 24, result.stdout.decode()))[:2] == ["hello wörld", "f\ufffdb"]
    assert result.stderr == f"troubleshooter: {ID}: session ended: exit status 7\n".encode()


def test_waiting_costs_next_to_nothing(tmp_path: Path) -> None:
    """Less than two hundredths of a processor."""
    cast = put(tmp_path, HEADER + STARTED + HELLO)
    with locked(cast), following(tmp_path, ID) as viewer:
        viewer.expect("hello")
        before = cpu_seconds(viewer.pid)
        time.sleep(2)  # what is measured
        assert cpu_seconds(viewer.pid) - before <= 0.06


def test_recorder_is_over_a_while_after_its_lock_is_gone() -> None:
    now, alive = 0.0, True
    over = Over(lambda: alive, lambda: now)
    told = []
    for now, alive in ((0.0, True), (1.0, True), (1.1, False), (1.6, False), (3.5, False), (3.7, False)):  # noqa: B007 - the clock and the lock read them
        told.append(over())
    assert told == [False, False, False, False, False, True]
    assert (LOCK_SECONDS, MEND_SECONDS) == (0.5, 2.0)


def cpu_seconds(pid: int) -> float:
    """Of user and system, in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(look: Callable[[], int]) -> int:
    """A number once it does not change for a while."""
    last = -1

    def same() -> bool:
        nonlocal last
        last, before = look(), last
        time.sleep(0.1)
        return last == before

    wait_for(same, "a rest")
    return last
