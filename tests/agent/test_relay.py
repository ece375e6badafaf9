"""Between program and person: every byte, every key, every way in which either of them leaves."""

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from casts import Cast
from processes import wait_for
from recorded import PUPPET, Shell, read_apart

from agent import RunningAgent

DETACHED = "terminal detached: it took nothing for 10s"


def raw(cast: Cast) -> bytes:
    """The bytes that the program printed: where `b` stands before an `o`, it tells them exactly."""
    printed = bytearray()
    exact = b""
    for _, code, text in cast.events:
        if code == "b":
            exact = base64.b64decode(text)
        elif code == "o":
            printed += exact or text.encode()
            exact = b""
    return bytes(printed)


@pytest.mark.parametrize("character", ["é", "€", "\U0001f600"])
def test_character_cut_at_every_read_is_shown_and_recorded_whole(
    agent: RunningAgent, me: str, character: str
) -> None:
    """No byte is shown before the recording has it, and no half character is in the recording."""
    puppet = agent.puppet(f"--user={me}")
    (recorder,) = agent.recorders()
    for byte in f"a{character}b".encode():
        with read_apart(recorder):
            puppet.write(bytes([byte]))
    puppet.shell.send("exit 0\n")
    assert puppet.shell.wait() == 0
    cast = agent.cast(me)
    assert puppet.shell.shown.decode() == f"ready\na{character}b"
    assert cast.cat() == puppet.shell.shown
    assert [code for _, code, _ in cast.events if code == "b"] == []


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe", b"caf\xe9\r\n", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf",
        bytes(range(256)),
    ],
    ids=lambda content: content.hex()[:12],
)  # fmt: skip
def test_output_that_is_not_utf_8_comes_back_exactly(toolbox: RunningAgent, me: str, content: bytes) -> None:
    """By the event `b`, the raw bytes of the `o` that follows it."""
    puppet = toolbox.puppet(f"--user={me}")
    puppet.write(content)
    puppet.write(b"end")
    puppet.shell.send("exit 0\n")
    assert puppet.shell.wait() == 0
    assert puppet.shell.shown == b"ready\n" + content + b"end"
    cast = toolbox.cast(me)
    assert raw(cast) == puppet.shell.shown
    assert cast.cat().decode() == cast.shown


def test_half_a_character_of_one_output_does_not_go_on_in_the_other(agent: RunningAgent) -> None:
    """Standard error in the middle of a character of standard output, as tar does it."""
    with agent.open("--", sys.executable, str(PUPPET), stdin=subprocess.PIPE) as session:
        assert session.stdin
        wait_for(lambda: agent.casts and "ready" in agent.cast().shown, "the program")
        (recorder,) = agent.recorders()
        for order in (b"write c3", b"error 41", b"write a9", b"error e2", b"write 42", b"error 82ac"):
            with read_apart(recorder):
                session.stdin.write(order + b"\n")
                session.stdin.flush()
        out, err = session.communicate()
    assert (out, err) == (b"ready\n\xc3\xa9B", b"A\xe2\x82\xac")
    assert sorted(raw(agent.cast())) == sorted(out + err)


def test_binary_goes_through_pipes_as_it_is(toolbox: RunningAgent, me: str) -> None:
    content = bytes(range(256)) * 2000
    result = toolbox.run(f"--user={me}", "--", "cat", stdin=content)
    assert result.stdout == content
    assert raw(toolbox.cast(me)) == content


def test_reader_of_a_pipe_that_leaves_ends_the_program_as_everywhere(toolbox: RunningAgent, me: str) -> None:
    """SIGPIPE, so 141; `yes | head -1` in one's own shell does the same."""
    session = toolbox.open(f"--user={me}", "--", "yes")
    assert session.stdout
    assert session.stdout.read(2) == b"y\n"
    session.stdout.close()
    assert session.wait(20) == 141
    session.communicate()
    assert toolbox.cast(me).markers[-1] == "session ended: exit status 141"


def test_error_output_goes_on_when_the_reader_of_the_other_has_left(toolbox: RunningAgent) -> None:
    script = "trap '' PIPE; while echo x; do sleep 0.01; done 2>/dev/null; echo still here >&2; exit 5"
    session = toolbox.open("--", "bash", "-c", script)
    assert session.stdout
    session.stdout.close()
    _, err = session.communicate(timeout=20)
    assert (session.returncode, err) == (5, b"still here\n")


# Keys.


def test_signal_keys_reach_the_foreground_program(toolbox: RunningAgent) -> None:
    with toolbox.bash() as shell:
        shell.sendline("sleep 1000")
        wait_for(lambda: "sleep" in toolbox.processes(), "sleep")
        shell.send("\x1a")
        shell.expect("Stopped")
        shell.prompt()
        shell.sendline("fg")
        shell.expect("sleep 1000\r\n")
        wait_for(lambda: toolbox.processes()["sleep"] == ["S+"], "sleep in the foreground")
        shell.send("\x03")
        shell.prompt()
        assert shell.type("echo $?") == "130\r\n"
        shell.send("\x04")
        assert shell.wait() == 0


def test_long_paste_arrives_whole(toolbox: RunningAgent) -> None:
    """More than a terminal holds: keys wait until the program takes them."""
    with toolbox.shell("--", "sh", "-c", "stty raw -echo; echo ready; head -c 50000 | sha256sum") as shell:
        shell.expect("ready")
        content = "x" * 49_999 + "y"
        shell.send(content)
        shell.expect("5c11004982c0f0db424e02416479e394b9f5f41a9fa331327bfed12cc46bd816")
        assert shell.wait() == 0


@pytest.mark.parametrize(
    "script", ["kill -HUP $$", "exec 0<&- 1>&- 2>&-; sleep 0.2; exit 129"], ids=["hup", "closed"]
)
def test_shell_at_its_prompt_hears_a_hang_up(toolbox: RunningAgent, script: str) -> None:
    """Also a program that closes its terminal is waited for, and its status is the session's."""
    with toolbox.bash() as shell:
        shell.sendline(script)
        assert shell.wait() == 129


def test_work_left_in_the_background_ends_with_its_session(toolbox: RunningAgent) -> None:
    """A background job holds the terminal open; the session ends with its shell all the same."""
    with toolbox.bash() as shell:
        shell.type("sleep 2001 & nohup sleep 2002 > /dev/null 2>&1 & (setsid sleep 2003 &) ; true")
        wait_for(lambda: len(toolbox.processes().get("sleep", ())) == 3, "three sleeps")
        shell.sendline("exit 4")
        assert shell.wait() == 4
    wait_for(lambda: "sleep" not in toolbox.processes(), "their end")


def test_removed_working_directory_is_no_reason_to_fail(toolbox: RunningAgent, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    remove = ["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", str(folder)]
    command = toolbox.command(*remove, *toolbox.shell_command()[len(toolbox.command()) :], "--", "pwd")
    result = subprocess.run(command, env=toolbox.environment, capture_output=True, check=False, timeout=20)
    assert (result.returncode, result.stdout) == (0, b"/\n")


# A person who leaves.


def test_killed_client_in_a_flood_leaves_the_program_to_its_end_and_the_recording_whole(
    agent: RunningAgent,
) -> None:
    shell = agent.shell("-c", "seq 400000; echo the end; exit 6")
    shell.expect("1000\r\n")
    os.kill(shell.client, signal.SIGKILL)
    agent.wait_until_closed(1)
    cast = agent.cast()
    numbers = "".join(f"{number}\r\n" for number in range(1, 400_001))
    assert cast.shown == f"{numbers}the end\r\n"
    assert cast.markers == ["recording started", "terminal gone", "session ended: exit status 6"]
    assert cast.summary["exitCode"] == 6
    shell.drain()
    shell.wait()


def test_window_that_is_closed_leaves_the_program_to_its_end(agent: RunningAgent, tmp_path: Path) -> None:
    """The kernel hangs up on the client; the session goes on without a person."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    shell = agent.shell("-c", f"echo ready; read line < {fifo}; echo $line; exit 6")
    shell.expect("ready")
    shell.close()
    wait_for(lambda: "terminal gone" in agent.cast().markers, "the marker")
    fifo.write_text("and on\n")
    agent.wait_until_closed(1)
    assert agent.cast().shown == "ready\r\nand on\r\n"
    assert agent.cast().summary["exitCode"] == 6


@pytest.mark.timing
def test_terminal_that_takes_nothing_is_detached_after_ten_seconds_and_a_slow_pipe_never(
    agent: RunningAgent,
) -> None:
    """The program runs on to its end, all is recorded; who comes back is told what was not shown."""
    with (
        agent.shell("--user=silent", "-c", "seq 400000; exit 6") as silent,
        agent.shell("--user=back", "-c", "seq 400000; read line; echo got $line; exit 7") as back,
        agent.open("--user=slow", "-c", "seq 400000; exit 8") as slow,
    ):
        wait_for(lambda: len(agent.casts) == 3, "three sessions")
        wait_for(lambda: b'"m","session ended' in content_of(agent, "silent"), "the end of the program", 30)
        cast = agent.cast("silent")
        assert cast.markers == ["recording started", DETACHED, "session ended: exit status 6"]
        (detached_at,) = [time for time, _, text in cast.events if text == DETACHED]
        assert 10.0 <= detached_at < 12.0
        assert cast.shown.endswith("\n400000\r\n")

        wait_for(lambda: b"400000\\r\\n" in content_of(agent, "back"), "all of the other's output")
        come_back(back)
        markers = agent.cast("back").markers
        assert markers[1:] == [DETACHED, "terminal attached again", "session ended: exit status 7"]

        assert b"detached" not in content_of(agent, "slow")
        out, _ = slow.communicate(timeout=20)
        assert (slow.returncode, out[-7:], out.count(b"\n")) == (8, b"400000\n", 400_000)
        assert agent.cast("slow").markers == ["recording started", "session ended: exit status 8"]
        assert len(silent.drain()) < 400_000
        assert silent.wait() == 6


def content_of(agent: RunningAgent, user: str) -> bytes:
    return agent.path(user).read_bytes()


def come_back(shell: Shell) -> None:
    """Read on; what is missing is named exactly, and keys are heard again."""
    shell.expect(" bytes were not shown here; the recording has them\r\n")
    shown = shell.shown
    missing = int(shown.rpartition(b"[troubleshooter] ")[2].split()[0])
    whole = len("".join(f"{number}\r\n" for number in range(1, 400_001)))
    assert len(shown.partition(b"\x1b\\\r\n[troubleshooter]")[0]) + missing == whole
    shell.sendline("me")
    shell.expect("got me\r\n")
    assert shell.wait() == 7


def test_recording_of_pipes_opens_in_the_player(toolbox: RunningAgent, me: str) -> None:
    toolbox.run(f"--user={me}", "-c", "echo out; echo err >&2")
    cast: Cast = toolbox.cast(me)
    assert (cast.header["width"], cast.header["height"]) == (80, 24)
    assert sorted(cast.cat().splitlines()) == [b"err", b"out"]
