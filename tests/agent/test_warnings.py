"""Warnings in real programs: seen, recorded, and gone without a trace; one toolbox for all of them.

What a terminal shows is told by an emulator that is fed every byte that reached the person.
"""

import math
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from painted import Painted, painted
from processes import wait_for
from recorded import Shell

from agent import RunningAgent, running_agent
from troubleshooter_agent import process

COLUMNS, ROWS = 100, 30
WARNING = "[troubleshooter] this toolbox ends in 10s, its time to live of "
TMUX = """
set -g status-right ''
set -g default-command "PS1='$ ' exec bash --norc"
set -g default-terminal xterm
"""
pytestmark = pytest.mark.timing


@dataclass(frozen=True)
class Program:
    """A program, the keys that bring it where it is to be warned, and what it then shows."""

    argv: tuple[str, ...]
    keys: str
    shows: str


TEXT = "\n".join(f"line {number}" for number in range(1, 201))
VIM = ("vim", "-n", "-u", "NONE", "-N")
WHOLE_SCREEN = {
    "vim": Program((*VIM, "--cmd", "set showmode", "TEXT"), "Lihello", "-- INSERT --"),
    "vim, two windows": Program((*VIM, "-o", "TEXT", "TEXT"), "\x17jL:set nu", ":set nu"),
    "less": Program(("less", "TEXT"), " ", "line 58"),
    "less, at the end": Program(("less", "TEXT"), "G", "(END)"),
    "nano": Program(("nano", "-R", "-I", "-U", "TEXT"), "\x1b/\x1b[D", "line 200"),
    "watch": Program(("watch", "-t", "-n", "600", "seq 20"), "", "20"),
    "htop": Program(("htop", "-d", "100"), "\x1bOQ", "Setup"),
    "tmux": Program(("tmux", "-S", "SOCKET", "-f", "TMUX", "new"), "seq 20\recho half", "$ echo half"),
}  # fmt: skip
TOP = {"top": Program(("top", "-d", "1000"), "", "PID USER")}
LINES = {
    "bash": Program(("bash", "--norc"), "echo half", "$ echo half"),
    "bash, three rows": Program(("bash", "--norc"), "echo half " + "long " * 50 + "end", "end"),
    "bash, in the middle": Program(("bash", "--norc"), "echo half " + "x" * 200 + "\x01", "xxx"),
    "dash": Program(("dash",), "echo half", "$ echo half"),
    "python": Program(("python3", "-q"), "print('ha' + 'lf')", "+ 'lf')"),
    "question": Program(("sh", "-c", "printf 'name? '; read name; echo $name"), "half", "name? half"),
}
PROGRAMS = {**WHOLE_SCREEN, **TOP, **LINES}


@dataclass
class Warned:
    """One program, and how many bytes it had shown before the warning."""

    name: str
    shell: Shell
    length: int

    @property
    def before(self) -> Painted:
        return painted(self.shell.shown[: self.length], COLUMNS, ROWS)

    @property
    def during(self) -> Painted:
        """With the bar just drawn, up to where the cursor is back."""
        bar = self.shell.shown.index(WARNING.encode())
        return painted(self.shell.shown[: self.shell.shown.index(b"\x1b8", bar) + 2], COLUMNS, ROWS)

    @property
    def text(self) -> str:
        """What was said."""
        said = self.shell.shown.decode().partition(WARNING)[2].partition("\r\n")[0]
        return f"{WARNING}{said}"

    @property
    def now(self) -> Painted:
        return painted(self.shell.listen(), COLUMNS, ROWS)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    folder = tmp_path_factory.mktemp("warnings")
    with running_agent(folder, idle_timeout="1h", time_to_live="1h") as running:
        yield running


@pytest.fixture(scope="module")
def warned(agent: RunningAgent) -> Iterator[dict[str, Warned]]:
    """All programs at once, warned by a life time that is made short, and then long again."""
    (agent.folder / "TEXT").write_text(TEXT)
    (agent.folder / "TMUX").write_text(TMUX)
    with ExitStack() as stack:
        programs = {name: stack.enter_context(start(agent, name)) for name in installed()}
        found = {name: Warned(name, shell, len(shell.listen(0.5))) for name, shell in programs.items()}
        age = process.boot_time() - process.start_of(agent.pid)
        agent.annotate(time_to_live=f"{max(math.ceil(age) + 13, 22)}s")
        for one in found.values():
            wait_for(lambda one=one: WARNING.encode() in one.shell.listen(), f"the warning in {one.name}")  # type: ignore[misc]
        agent.annotate(time_to_live="1h")
        yield found


def installed() -> list[str]:
    return [name for name, program in PROGRAMS.items() if shutil.which(program.argv[0])]


def start(agent: RunningAgent, name: str) -> Shell:
    """A program where its keys have brought it."""
    program = PROGRAMS[name]
    argv = [str(agent.folder / word) if word in {"TEXT", "TMUX", "SOCKET"} else word for word in program.argv]
    shell = agent.shell(f"--user={name}", "--", *argv, cols=COLUMNS, rows=ROWS, PS1="$ ")
    wait_for(lambda: shell.listen(0.3), f"the start of {name}")
    shell.send(program.keys)
    wait_for(
        lambda: program.shows in painted(shell.listen(0.3), COLUMNS, ROWS).text,
        f"{name} to show {program.shows!r}",
    )
    return shell


@pytest.fixture
def one(request: pytest.FixtureRequest, warned: dict[str, Warned]) -> Warned:
    """The program that a test is about."""
    if request.param not in warned:
        pytest.skip(f"{PROGRAMS[request.param].argv[0]} is not installed here")
    return warned[request.param]


@pytest.mark.parametrize("one", WHOLE_SCREEN, indirect=True)
def test_whole_screen_shows_the_warning_on_its_last_line_and_then_is_as_before(one: Warned) -> None:
    """The cursor stays where it is, too."""
    wait_for(lambda: WARNING not in one.now.text, "the end of the warning")
    one.shell.listen(0.5)
    assert one.now == one.before
    assert one.during.rows[:-1] == one.before.rows[:-1]
    assert one.during.rows[-1].startswith(WARNING)
    assert one.during.cursor == one.before.cursor


@pytest.mark.parametrize("one", ["top"], indirect=True)
def test_program_that_draws_without_an_alternate_screen_is_warned_on_the_last_line_too(one: Warned) -> None:
    """It draws anew what has changed meanwhile."""
    assert one.during.rows[-1].startswith(WARNING)
    assert one.during.rows[:-1] == one.before.rows[:-1]
    wait_for(lambda: WARNING not in one.now.text and one.now.rows[-1], "another last line")
    assert one.now.rows[6] == one.before.rows[6]
    assert one.now.cursor == one.before.cursor


@pytest.mark.parametrize("one", LINES, indirect=True)
def test_line_that_is_being_typed_stands_below_the_warning_as_it_was_and_can_be_sent(one: Warned) -> None:
    """Wherever the cursor is in it; the line began on the first row of the screen."""
    before, after = one.before, one.now
    wide = len(one.text) // COLUMNS + 1
    said = tuple(one.text[row * COLUMNS :][:COLUMNS].rstrip() for row in range(wide))
    typed = before.text.split("\n")
    assert after.text.split("\n") == [*typed[: before.cursor[1] + 1], *said, *typed]
    assert after.cursor == (before.cursor[0], before.cursor[1] * 2 + 1 + wide)
    one.shell.send("\r")
    wait_for(lambda: any(row.startswith("half") for row in one.now.rows), "what the command prints")


@pytest.mark.parametrize("one", PROGRAMS, indirect=True)
def test_warning_is_in_the_recording_and_no_other_size_is(agent: RunningAgent, one: Warned) -> None:
    cast = agent.cast(one.name)
    assert cast.shown.count(WARNING) == 1
    assert cast.sizes == []
