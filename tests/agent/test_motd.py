"""The message of the day, word for word, in every kind of toolbox."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent import RunningAgent
from troubleshooter_agent.annotations import Projected
from troubleshooter_agent.contract import Retained
from troubleshooter_agent.motd import image_message, message_of_the_day
from troubleshooter_agent.session import Job, Program, Toolbox

JOB = Job(
    id="3f9k2m1x",
    started=0.0,
    user="alice",
    verified=True,
    toolbox=Toolbox("shop", "web", run=1, purpose="the checkout is slow"),
    program=Program(("bash",), {}, "/"),
    size=(80, 24),
    root=Path("/recordings"),
    cast=Path("/recordings/shop/web/x.cast"),
)
KEPT = Projected(retained=Retained.YES)
IMAGE = ("Tools:  ip ss",)


def test_it_says_who_where_with_what_how_long_and_how_to_leave() -> None:
    assert message_of_the_day(JOB, KEPT, 3425.5, IMAGE) == (
        "You:    alice, as the cluster knows you, in shop/web: the checkout is slow",
        "Tools:  ip ss",
        "Time:   57m left; ask for more with: shell extend 15m",
        "Leave:  exit or Ctrl-D; if the connection breaks, a new shell offers to go on",
        "At the end of the toolbox /home and /tmp go; recordings stay",
    )


def test_strangers_words_do_nothing_to_the_terminal() -> None:
    toolbox = Toolbox("shop", "web", run=3, purpose="\x1b[2Jgone\n\u202e")
    job = replace(JOB, user="eve\x07\r", verified=False, toolbox=toolbox)
    assert message_of_the_day(job, KEPT, 60.0, ())[0] == (
        "You:    eve??, a name that nobody has checked, in shop/web, run 3: ?[2Jgone??"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(7199.0, "1h59m"), (60.0, "1m"), (59.9, "59s"), (0.4, "0s"), (-3.0, "0s")],
)
def test_time_left_is_told_in_whole_minutes_but_for_the_last(seconds: float, text: str) -> None:
    assert f" {text} left;" in message_of_the_day(JOB, KEPT, seconds, ())[1]


@pytest.mark.parametrize(
    ("job", "projected", "stays"),
    [
        (
            JOB,
            Projected(retained=Retained.NOT_PERMITTED),
            "recordings stay until somebody deletes their claim",
        ),
        (replace(JOB, saved=False), Projected(retained=Retained.NOT_REQUESTED), "nothing stays"),
        (
            replace(JOB, saved=False, logged=True),
            Projected(retained=Retained.NOT_REQUESTED),
            "the recording stays in the log",
        ),
    ],
    ids=["not retained", "not recorded", "in the log alone"],
)
def test_it_promises_no_recording_that_will_not_be_there(job: Job, projected: Projected, stays: str) -> None:
    last = message_of_the_day(job, projected, 60.0, ())[-1]
    assert last == f"At the end of the toolbox /home and /tmp go; {stays}"


def test_an_image_s_own_message_is_bounded_and_harmless(tmp_path: Path) -> None:
    file = tmp_path / "motd"
    assert image_message(file) == ()
    file.write_bytes(b"Tools: \x1b[31mip\xff\nmore\n" + b"x" * 4096)
    lines = image_message(file)
    assert lines[:2] == ("Tools: ?[31mip\ufffd", "more")
    assert sum(map(len, lines)) < 2048


def test_it_stands_between_the_first_line_and_the_first_prompt(agent: RunningAgent) -> None:
    """And in the recording; a command's session has none."""
    with agent.shell("--user=alice") as shell:
        shell.prompt()
        shell.sendline("exit")
        shell.wait()
    text = agent.cast("alice").shown
    first, second = text.split("\r\n")[:2]
    assert first.startswith("[troubleshooter] this shell is recorded as alice")
    assert second == "You:    alice, a name that nobody has checked, in shop/box"
    assert text.index("At the end of the toolbox") < text.index("$ ")
    assert agent.run("--user=bob", "-c", "echo only this").stdout == b"only this\n"
