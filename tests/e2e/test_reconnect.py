"""A lost kubectl, the session taken over elsewhere, and somebody who looks on: through real execs."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from casts import Cast
from harness import Cluster
from painted import Painted, painted
from shelf import Shelf
from stage import Stage, new_editor
from terminal import Terminal
from toolbox import PROMPT, Toolbox

COLUMNS, ROWS = 100, 30
GONE_ON = "reconnected"


@pytest.fixture(scope="module")
def toolbox(operator: None, stage: Stage) -> Toolbox:
    """Alice's, open to Grace too."""
    return stage.start("toolbox", access={"users": ["grace"]})


@pytest.fixture(scope="module")
def colleague(cluster: Cluster, stage: Stage, toolbox: Toolbox) -> Toolbox:
    """The same toolbox, to Grace."""
    return Toolbox(new_editor(cluster, stage.admin, stage.namespace, "grace"), toolbox.name)


@contextmanager
def working(toolbox: Toolbox) -> Iterator[Terminal]:
    """A shell in which something was done, with half a command typed."""
    with toolbox.prompt(cols=COLUMNS, rows=ROWS) as terminal:
        terminal.sendline("echo before $((40+2))")
        terminal.expect("before 42\r\n")
        terminal.send("echo after $((40")
        terminal.expect("echo after $((40")
        yield terminal


def lose(terminal: Terminal) -> None:
    """As a laptop does that falls asleep for ever: nothing in the pod tells it from a person who thinks."""
    terminal.kill()
    assert terminal.wait() == -9


def attach(toolbox: Toolbox, *words: str) -> Terminal:
    return toolbox.shell("attach", *words, cols=COLUMNS, rows=ROWS)


def finish(terminal: Terminal, status: int) -> None:
    """Type the other half of the command, and leave."""
    terminal.sendline(f"+4)); exit {status}")
    terminal.expect("after 44\r\n")
    assert terminal.wait() == status


def screen(terminal: Terminal) -> Painted:
    """What the terminal shows, once nothing new has come for a while."""
    return painted(terminal.listen(1.0), COLUMNS, ROWS)


def test_session_of_a_killed_kubectl_goes_on_in_another(toolbox: Toolbox, shelf: Shelf) -> None:
    """Its screen is drawn again, what was typed is still there, and the exit status passes."""
    with working(toolbox) as lost:
        before = screen(lost)
        lose(lost)
    with attach(toolbox) as again:
        again.expect("echo after $((40")
        after = screen(again)
        finish(again, 5)
    assert (after.text, after.cursor) == (before.text, before.cursor)
    assert_whole(shelf.new_cast(), [GONE_ON], 5)


def test_next_shell_offers_the_session_that_is_still_open(toolbox: Toolbox, shelf: Shelf) -> None:
    """To the same person; a number goes on with it."""
    with working(toolbox) as lost:
        lose(lost)
    with toolbox.shell(cols=COLUMNS, rows=ROWS) as again:
        again.expect("a session of yours is still open")
        again.expect("go on with it (1), or open a new shell (n)? ")
        again.sendline("1")
        again.expect("echo after $((40")
        finish(again, 6)
    assert_whole(shelf.new_cast(), [GONE_ON], 6)


def test_session_is_taken_over_from_a_kubectl_that_lives(toolbox: Toolbox, shelf: Shelf) -> None:
    """By the same person, to a terminal of another size."""
    with working(toolbox) as first:
        session = shelf.new_cast()
        with toolbox.shell("attach", session.id, cols=90, rows=20) as second:
            second.expect("echo after $((40")
            assert first.wait() == 124
            second.sendline("+4)); stty size; exit 7")
            second.expect("after 44\r\n20 90\r\n")
            assert second.wait() == 7
    assert b"this session was taken over by alice; it goes on there" in first.shown
    cast = again(shelf, session)
    assert_whole(cast, [GONE_ON], 7)
    assert cast.sizes == ["90x20"]


def test_full_screen_program_is_drawn_again(toolbox: Toolbox, shelf: Shelf) -> None:
    """vim, in the middle of an insertion that is not lost."""
    with toolbox.prompt(cols=COLUMNS, rows=ROWS) as lost:
        lost.sendline("vim -n /home/note")
        lost.expect("/home/note")
        lost.send("ithe first half")
        lost.expect("the first half")
        before = screen(lost)
        lose(lost)
    with attach(toolbox) as again:
        again.expect("the first half")
        after = screen(again)
        again.send(" and the second\x1b:wq\r")
        again.expect("written")
        again.expect(PROMPT)  # what is typed before, vim throws away as it leaves
        again.sendline("cat /home/note; exit 3")
        again.expect("the first half and the second\r\n")
        assert again.wait() == 3
    assert after == before
    assert_whole(shelf.new_cast(), [GONE_ON], 3)


def test_session_is_not_taken_over_by_somebody_else(
    toolbox: Toolbox, colleague: Toolbox, shelf: Shelf
) -> None:
    """Who is told what is possible."""
    with working(toolbox) as kept:
        session = shelf.new_cast()
        with attach(colleague, session.id) as refused:
            refused.expect(f"session {session.id} is alice's; look on with: shell attach --view")
            assert refused.wait() == 64
        finish(kept, 8)
    assert_whole(again(shelf, session), [], 8)


def test_who_looks_on_sees_all_changes_nothing_and_is_named(
    toolbox: Toolbox, colleague: Toolbox, shelf: Shelf
) -> None:
    """In the recording, and in the terminal of the one who is watched; Ctrl-C leaves."""
    with working(toolbox) as watched:
        session = shelf.new_cast()
        with attach(colleague, "--view", session.id) as viewer:
            viewer.expect("echo after $((40")
            watched.expect("[troubleshooter] grace looks on")
            viewer.send("x; exit 9\r")
            watched.sendline("+4)); echo more")
            viewer.expect("after 44")
            viewer.expect("more")
            viewer.send("\x03")
            viewer.expect("you have left it")
            assert viewer.wait() == 0
        watched.expect("[troubleshooter] grace no longer looks on")
        watched.sendline("exit 4")
        assert watched.wait() == 4
    cast = again(shelf, session)
    assert_whole(cast, ["viewer joined: grace", "viewer left: grace"], 4)
    assert "exit 9" not in cast.shown


def test_viewer_that_is_killed_leaves_the_session_alone(
    toolbox: Toolbox, colleague: Toolbox, shelf: Shelf
) -> None:
    """It goes on to its end, whatever becomes of the client in the pod."""
    with working(toolbox) as watched:
        session = shelf.new_cast()
        with attach(colleague, "--view", session.id) as viewer:
            viewer.expect("echo after $((40")
            lose(viewer)
        finish(watched, 2)
    assert "viewer joined: grace" in again(shelf, session).markers
    assert again(shelf, session).markers[-1] == "session ended: exit status 2"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("3f9k2m1x",), "there is no open session 3f9k2m1x on a terminal"),
        ((), "you have no open session"),
    ],
)
def test_what_cannot_be_attached_to_is_told(toolbox: Toolbox, words: tuple[str, ...], sentence: str) -> None:
    """With the status of a wrong command line."""
    with attach(toolbox, *words) as terminal:
        terminal.expect(sentence)
        assert terminal.wait() == 64


def again(shelf: Shelf, session: Cast) -> Cast:
    """The recording as it is now."""
    (found,) = [cast for cast in shelf.casts() if cast.id == session.id]
    return found


def assert_whole(cast: Cast, between: list[str], status: int) -> None:
    """Its markers are these, it says how it ended, and the reference player plays it."""
    assert cast.markers == ["recording started", *between, f"session ended: exit status {status}"]
    assert "after 44" in cast.shown or "and the second" in cast.shown
    assert (cast.summary["exitCode"], cast.summary["failure"]) == (status, None)
    assert cast.play() == 0
