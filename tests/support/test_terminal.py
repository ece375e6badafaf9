"""The person at the terminal, on programs of this host: tests of the product look through this glass."""

import re
import signal
from pathlib import Path

import pytest
from kubectl import wait_until
from terminal import Terminal

ON_RESIZE = "trap 'stty size' WINCH; echo ready; while read line; do echo \"got $line\"; done; exit 7"


def test_the_terminal_has_the_size_that_was_asked_for() -> None:
    """stty prints rows before columns."""
    with Terminal(["stty", "size"], cols=100, rows=30) as terminal:
        assert terminal.wait() == 0
        assert terminal.shown == b"30 100\r\n"


def test_a_resize_reaches_the_program() -> None:
    """As SIGWINCH, with the new size in the terminal."""
    with Terminal(["bash", "-c", ON_RESIZE]) as terminal:
        terminal.expect("ready")
        terminal.resize(120, 40)
        terminal.sendline()  # bash runs a trap once the read is over
        terminal.expect("40 120")
        terminal.send(b"\x04")
        assert terminal.wait() == 7


def test_what_was_shown_before_a_match_is_given() -> None:
    """A pattern can be waited for, and its parts looked at."""
    with Terminal(["printf", "one\\ntwo 17\\n"]) as terminal:
        assert terminal.expect(re.compile(r"two (\d+)")) == "one\r\n"
        assert terminal.match[1] == b"17"
        assert terminal.wait() == 0


def test_a_text_that_does_not_come_is_named_with_what_came() -> None:
    """Late, and never: the end of the program is another sentence."""
    with Terminal(["sh", "-c", "echo here; read line"]) as terminal:
        with pytest.raises(AssertionError, match=r"no 'there' within 0.2 s; shown: 'here"):
            terminal.expect("there", timeout=0.2)
        with pytest.raises(AssertionError, match=r"no end within 0.2 s"):
            terminal.wait(timeout=0.2)
        terminal.sendline()
        with pytest.raises(AssertionError, match="the program ended without 'there'"):
            terminal.expect("there")


def test_a_killed_program_has_the_signals_number() -> None:
    """As Python's own subprocess module has it."""
    with Terminal(["sleep", "60"]) as terminal:
        terminal.kill()
        assert terminal.wait() == -signal.SIGKILL


def test_leaving_the_block_ends_the_program() -> None:
    """A test that fails leaves no program behind, not even one that ignores the hangup."""
    with Terminal(["sh", "-c", "trap '' HUP INT TERM; echo up; while :; do sleep 0.1; done"]) as terminal:
        terminal.expect("up")
    wait_until(lambda: not alive(terminal.pid), timeout=5, what="the end of the program")


def alive(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_text())  # a zombie's is empty
    except FileNotFoundError:
        return False
