"""Log lines: one an event, whatever a stranger put into it."""

import os
import re
from pathlib import Path

import pytest

from agent import RunningAgent
from troubleshooter_agent.log import Log


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("alice", "alice"),
        ("shop/box/2026-11-22T18-40-03Z-3f9k2m1x.cast", "shop/box/2026-11-22T18-40-03Z-3f9k2m1x.cast"),
        (3600.0, "3600.0"),
        ("", '""'),
        ("two words", '"two words"'),
        ('a="b"', r'"a=\"b\""'),
        ("a\nevent=forged", r'"a\nevent=forged"'),
        ("\x1b[2Jgone", r'"\u001b[2Jgone"'),
        ("jos\u00e9\u2028\udcff", r'"jos\u00e9\u2028\udcff"'),
    ],
)
def test_value_is_quoted_where_it_could_be_taken_for_something_else(
    log: Log, tmp_path: Path, value: object, written: str
) -> None:
    log.event("opened", user=value)
    line = (tmp_path / "log").read_bytes()
    assert re.fullmatch(rb"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ event=opened user=(.*)\n", line)
    assert line.partition(b"user=")[2] == written.encode() + b"\n"


def test_line_that_is_too_long_for_a_pipe_is_cut_and_still_ends(log: Log, tmp_path: Path) -> None:
    log.event("opened", user="x" * 10_000)
    line = (tmp_path / "log").read_bytes()
    assert len(line) == 4096
    assert line.endswith(b"xxx\n")


def test_reader_that_takes_nothing_costs_lines_but_no_time() -> None:
    """A full pipe would stop a blocking writer for ever; here what is dropped is counted."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    log = Log(writing)
    for _ in range(2000):
        log.event("noise", text="x" * 100)
    kept = os.read(reading, 1 << 20)
    assert kept.endswith(b"\n")
    assert kept.count(b"\n") + log.dropped == 2000
    assert log.dropped > 0


def test_hostile_name_stays_on_its_line_and_harmless_in_the_greeting(toolbox: RunningAgent) -> None:
    """The name of a user is a claim: here it claims a new line, an escape and a colour."""
    shell = toolbox.bash("--user=eve\r\nevent=forged \x1b[2J\x1b[31m")
    shell.sendline("exit")
    assert shell.wait() == 0
    assert b"is recorded as eve??event=forged ?[2J?[31m (not verified)" in shell.shown
    toolbox.wait_until_closed(1)
    (opened,) = toolbox.logged("session-opened")
    assert r'user="eve\r\nevent=forged \u001b[2J\u001b[31m"' in opened
    assert toolbox.logged("forged") == []
    assert toolbox.cast().header["troubleshooter"]["user"] == "eve\r\nevent=forged \x1b[2J\x1b[31m"
