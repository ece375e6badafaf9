"""What a person has at a toolbox's terminal: the shell they know, with its sizes and exit statuses."""

import re
from contextlib import ExitStack

import pytest
from kubectl import wait_until
from shelf import Shelf
from stage import Stage
from toolbox import PROMPT, Toolbox

K9S = ("sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")


def test_the_agent_is_pid_1_and_a_recorder_is_the_shells_parent(toolbox: Toolbox) -> None:
    """Nobody can leave the recording by leaving the shell."""
    with toolbox.prompt() as terminal:
        terminal.sendline("cat /proc/1/comm /proc/$PPID/comm; exit")
        assert terminal.wait() == 0
    assert b"tshoot-agent\r\ntshoot-recorder\r\n" in terminal.shown


def test_the_first_line_says_that_as_whom_and_until_when(toolbox: Toolbox) -> None:
    """Before the first prompt; whatever name is claimed, it is the one that the API server knows."""
    with toolbox.shell("--user=bob") as terminal:
        terminal.expect(re.compile(r"recorded as alice, until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"))
        terminal.sendline("exit")
        assert terminal.wait() == 0


def test_size_resize_and_exit_status_pass_through(toolbox: Toolbox, shelf: Shelf) -> None:
    """100x30 becomes 120x40 while the shell runs; kubectl exits with the shell's status."""
    with toolbox.prompt(cols=100, rows=30) as terminal:
        terminal.sendline("stty size")
        terminal.expect("30 100\r\n")
        terminal.resize(120, 40)
        terminal.sendline(
            'until [ "$(stty size)" = "40 120" ]; do sleep 0.1; done; echo seen by the $((1+1))nd'
        )
        terminal.expect("seen by the 2nd")
        terminal.sendline("exit 7")
        assert terminal.wait() == 7
    cast = shelf.new_cast()
    assert (cast.header["width"], cast.header["height"]) == (100, 30)
    assert cast.sizes == ["120x40"]
    assert cast.summary["exitCode"] == 7


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("shell", "-c", "exit 3"), 3),
        (("shell", "-c", "kill -KILL $$"), 137),
        (("shell", "--", "false"), 1),
        (("shell", "--", "no-such-tool"), 127),
        (("shell", "--", "/etc/motd"), 126),
    ],
)
def test_the_exit_status_of_a_command_is_kubectls(
    toolbox: Toolbox, shelf: Shelf, command: tuple[str, ...], status: int
) -> None:
    """With a status of its own, killed by a signal, not found, not executable; recorded each time."""
    assert toolbox.run(*command).returncode == status
    assert shelf.new_cast().summary["exitCode"] == status


def test_a_pipe_stays_a_pipe(toolbox: Toolbox, shelf: Shelf) -> None:
    """Without a terminal bytes pass unchanged, stdout and stderr apart, and both are recorded."""
    result = toolbox.run("shell", "-c", "tr a-z A-Z; echo aside >&2; exit 4", stdin=b"through\nthe pipe\n")
    assert (result.returncode, result.stdout) == (4, b"THROUGH\nTHE PIPE\n")
    assert result.stderr == b"aside\ncommand terminated with exit code 4\n"
    cast = shelf.new_cast()
    assert "THROUGH\nTHE PIPE\n" in cast.shown
    assert "aside\n" in cast.shown


@pytest.mark.parametrize(
    "command", [("bash",), ("sh",), ("bash", "-l"), K9S], ids=["bash", "sh", "bash -l", "k9s"]
)
def test_a_shell_opened_by_habit_is_recorded(
    toolbox: Toolbox, shelf: Shelf, command: tuple[str, ...]
) -> None:
    """What k9s runs, and what people type instead of `shell`."""
    with toolbox.exec(*command) as terminal:
        terminal.expect(PROMPT)
        terminal.sendline("exit 5")
        assert terminal.wait() == 5
    cast = shelf.new_cast()
    told = cast.header["troubleshooter"]
    assert (told["user"], told["verified"], cast.summary["exitCode"]) == ("alice", True, 5)


def test_three_shells_at_once_have_a_recording_each(stage: Stage, toolbox: Toolbox, shelf: Shelf) -> None:
    """What one types the others do not see, and one that ends leaves the others alone."""
    words = ("one", "two", "three")
    with ExitStack() as stack:
        opens = (toolbox.prompt, toolbox.prompt_beside, toolbox.prompt_beside)
        terminals = {word: stack.enter_context(opened()) for word, opened in zip(words, opens, strict=True)}
        for word, terminal in terminals.items():
            terminal.sendline(f"echo this is {word} of $((1+2))")
            terminal.expect(f"this is {word} of 3")
        for status, terminal in enumerate(terminals.values()):
            terminal.sendline(f"exit {status}")
            assert terminal.wait() == status
    casts = {
        word: cast for cast in shelf.new_casts() for word in terminals if f"this is {word} of 3" in cast.shown
    }
    assert {word: cast.summary["exitCode"] for word, cast in casts.items()} == {
        "one": 0,
        "two": 1,
        "three": 2,
    }
    assert all(cast.shown.count("of 3") == 1 for cast in casts.values())


def test_a_double_forked_orphan_leaves_no_zombie(toolbox: Toolbox) -> None:
    """Whoever the orphan falls to reaps it, while its shell is there and after."""
    with toolbox.prompt() as terminal:
        terminal.sendline("(sh -c 'sleep 0.2; exit 3' & echo $! >/tmp/orphan) & wait")
        terminal.sendline(
            "while [ -e /proc/$(cat /tmp/orphan) ]; do sleep 0.1; done; echo orphan $((1+1)) gone"
        )
        terminal.expect("orphan 2 gone")
        terminal.sendline("(setsid sleep 600 & echo $! >/tmp/orphan) & wait; exit")
        assert terminal.wait() == 0
    assert toolbox.run("sh", "-c", "test -e /proc/$(cat /tmp/orphan)").returncode == 1
    assert [line for line in toolbox.screen().splitlines() if line.startswith("Z")] == []


def test_a_recorder_that_is_killed_takes_no_other_shell_along(toolbox: Toolbox, shelf: Shelf) -> None:
    """Killed from inside by its own user: its recording opens and says so, its shell ends, others go on."""
    with toolbox.prompt() as victim, toolbox.prompt_beside() as witness:
        victim.sendline("echo before the $((1+1))nd act")
        victim.expect("before the 2nd act")
        witness.sendline("echo waiting")
        witness.expect("waiting\r\n")
        victim.sendline("kill -KILL $PPID")
        assert victim.wait() == 70
        witness.sendline("echo still here $((3+4)); exit 6")
        assert witness.wait() == 6
    assert b"still here 7" in witness.shown
    assert b"the recorder of this session died; what it wrote is kept" in victim.shown
    wait_until(lambda: is_mended(shelf), timeout=10, what="the mended recording")
    mended, whole = sorted(shelf.new_casts(), key=lambda cast: "still here 7" in cast.shown)
    assert mended.markers[-1] == "session ended: its recorder was killed by signal 9"
    assert "before the 2nd act" in mended.shown
    assert mended.play() == 0
    assert whole.markers[-1] == "session ended: exit status 6"


def is_mended(shelf: Shelf) -> bool:
    return all(cast.path.with_suffix(".json").exists() for cast in shelf.casts())
