"""What the toolbox says in shells, editors and pagers, through `kubectl exec`: seen, and gone without dirt.

One toolbox, three people in it who press no key: all are warned, and in the end the pod is deleted.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from handwritten import start_by_hand
from kubectl import wait_until
from painted import Painted, painted
from screens import lines, shown
from stage import Stage
from terminal import Terminal
from toolbox import Toolbox

pytestmark = pytest.mark.timing

COLUMNS, ROWS = 100, 30
WARNING = "[troubleshooter] idle: this toolbox ends in 10s; press any key to keep it"
ENDED = "[troubleshooter] this toolbox has ended: pod deleted; its recordings are kept"
EXITED = "command terminated with exit code 124"
TEXT = "/tmp/text"  # noqa: S108 - the pod's /tmp
PEOPLE = {
    "bash": (("bash",), "echo half", "$ echo half"),
    "vim": (("vim", "-n", TEXT), "Lihello", "hello"),
    "less": (("less", TEXT), " ", "line 58"),
}
FULL_SCREEN = ("vim", "less")
PATIENCE = 30


@dataclass
class Person:
    """Somebody's terminal, and how many bytes it had shown when they stopped pressing keys."""

    terminal: Terminal
    length: int

    @property
    def before(self) -> Painted:
        return painted(self.terminal.shown[: self.length], COLUMNS, ROWS)

    @property
    def during(self) -> Painted:
        """Right after the warning was drawn."""
        drawn = self.terminal.shown.index(WARNING.encode())
        return painted(self.terminal.shown[: self.terminal.shown.index(b"\x1b8", drawn) + 2], COLUMNS, ROWS)

    @property
    def now(self) -> Painted:
        return painted(self.terminal.listen(0.3), COLUMNS, ROWS)


@pytest.fixture(scope="module")
def toolbox(stage: Stage) -> Toolbox:
    toolbox = start_by_hand(stage.editor, "warned", idle_timeout="24s")
    script = f"for i in $(seq 200); do echo line $i; done >{TEXT}"
    assert toolbox.run("sh", "-c", script).returncode == 0
    return toolbox


@pytest.fixture(scope="module")
def warned(toolbox: Toolbox) -> Iterator[dict[str, Person]]:
    """All of them, once they have been warned."""
    with ExitStack() as stack:
        people = {name: stack.enter_context(at_work(toolbox, name)) for name in PEOPLE}
        found = {name: Person(terminal, len(terminal.listen(0.5))) for name, terminal in people.items()}
        for person in found.values():
            person.terminal.expect(WARNING, timeout=PATIENCE)
        yield found


def at_work(toolbox: Toolbox, name: str) -> Terminal:
    """A person where their keys have brought them."""
    argv, keys, wanted = PEOPLE[name]
    terminal = toolbox.shell(f"--user={name}", "--", *argv, cols=COLUMNS, rows=ROWS)
    wait_until(lambda: terminal.listen(0.3), timeout=PATIENCE, what=f"the start of {name}")
    terminal.send(keys)
    wait_until(
        lambda: wanted in painted(terminal.listen(0.2), COLUMNS, ROWS).text,
        timeout=PATIENCE,
        what=f"{wanted!r} in {name}",
    )
    return terminal


@pytest.mark.parametrize("name", FULL_SCREEN)
def test_full_screen_program_is_warned_on_its_last_line(warned: dict[str, Person], name: str) -> None:
    """For a while; then all is as it was, the cursor too."""
    person = warned[name]
    assert person.during.rows[:-1] == person.before.rows[:-1]
    assert person.during.rows[-1] == WARNING
    assert person.during.cursor == person.before.cursor
    wait_until(lambda: WARNING not in person.now.text, timeout=PATIENCE, what="the end of the warning")
    assert person.now == person.before


def test_shell_is_warned_above_the_line_that_is_being_typed(warned: dict[str, Person]) -> None:
    """Which stands below it once more, and can be finished: that keeps the toolbox."""
    person = warned["bash"]
    *above, typed = person.before.text.split("\n")
    assert person.now.text.split("\n") == [*above, typed, WARNING, typed]
    person.terminal.sendline(" and half")
    person.terminal.expect("\rhalf and half\r\n")


def test_end_leaves_terminals_as_a_shell_wants_them(
    stage: Stage, toolbox: Toolbox, warned: dict[str, Person]
) -> None:
    """Out of every full-screen program, with the reason as the last words of the session."""
    stage.editor.run("delete", "pod", toolbox.name, "--wait=false")
    for name in PEOPLE:
        terminal = warned[name].terminal
        assert terminal.wait(timeout=PATIENCE) == 124
        screen = [line for line in lines(shown(COLUMNS, ROWS, terminal.shown.decode())) if line]
        assert screen[-2:] == [ENDED, EXITED]
        assert name not in FULL_SCREEN or not [line for line in screen if "line 5" in line]


def test_recordings_show_what_the_terminals_did(stage: Stage, warned: dict[str, Person]) -> None:
    """Each warning once, and no size that was never the person's."""
    casts = {cast.header["troubleshooter"]["user"]: cast for cast in stage.shelf("warned").casts()}
    for name in PEOPLE:
        cast = casts[name]
        assert cast.shown.count(WARNING) == 1
        assert cast.sizes == []
        assert cast.markers == ["recording started", "session ended: pod deleted"]
        assert warned[name].terminal.shown == cast.cat() + f"{EXITED}\r\n".encode()
        assert cast.play() == 0
