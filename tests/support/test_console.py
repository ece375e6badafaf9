"""The player of pages, on a page whose commands every host has."""

import re
from pathlib import Path

import pytest
from console import Ids, Scene, Step, check, own_shell, play, scenes

FENCE = "```"
PAGE = f"""
# First

{FENCE}console
$ printf 'one\\n%s\\n' a1b2c3d4
one
x9y8z7w6
$ echo \\
    again x9y8z7w6
again x9y8z7w6
{FENCE}

{FENCE}yaml
$ not: typed
{FENCE}

## Second
{FENCE}console
dora@web [5m]:~$ ls
…
{FENCE}
"""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TERM": "xterm", "LANG": "C.UTF-8"}


def test_a_page_is_read_block_by_block() -> None:
    assert scenes(PAGE) == [
        Scene(
            "First",
            (
                Step("$ ", "printf 'one\\n%s\\n' a1b2c3d4", ("one", "x9y8z7w6")),
                Step("$ ", "echo again x9y8z7w6", ("again x9y8z7w6",)),
            ),
        ),
        Scene("Second", (Step("dora@web [5m]:~$ ", "ls", ("…",)),)),
    ]


def test_a_page_is_played_and_an_id_stays_what_it_was(tmp_path: Path) -> None:
    """What the page calls x9y8z7w6 is a1b2c3d4 here, shown and typed."""
    ids = Ids()
    with own_shell(ENVIRONMENT, tmp_path) as terminal:
        screens = play(terminal, scenes(PAGE)[0].steps, ids)
        assert screens["echo again x9y8z7w6"] == "again a1b2c3d4"
        assert b"echo again a1b2c3d4" in terminal.shown
    assert ids.known == {"x9y8z7w6": "a1b2c3d4"}


def test_a_prompt_within_is_waited_for(tmp_path: Path) -> None:
    """A shell in the shell, left by a key."""
    steps = (
        Step("$ ", "env PS1='inner:~$ ' bash --norc --noprofile", ()),
        Step("inner:~$ ", "echo within", ("within",)),
        Step("inner:~$ ", "^D", ("exit",)),
        Step("$ ", "echo outside", ("outside",)),
    )
    with own_shell(ENVIRONMENT, tmp_path) as terminal:
        play(terminal, steps, Ids())


def test_what_was_painted_over_is_not_on_the_screen(tmp_path: Path) -> None:
    """A spinner leaves nothing."""
    step = Step("$ ", r"printf 'waiting\r\033[Kdone\n'", ("done",))
    with own_shell(ENVIRONMENT, tmp_path) as terminal:
        play(terminal, [step], Ids())


@pytest.mark.parametrize(
    ("page", "screen"),
    [
        (["a", "…", "d"], ["a", "b", "c", "d"]),
        (["…"], []),
        (["web   Ready  5m"], ["web Ready    1h2m"]),
        (["3 sessions, 1.5 s"], ["12 sessions, 0.2 s"]),
        (["at 2026-11-22T18:40:03Z"], ["at 2026-11-25T01:02:59Z"]),
        (["on pvc-0a1b2c3d-0000-1111-2222-0123456789ab"], ["on pvc-ffffffff-aaaa-bbbb-cccc-ba9876543210"]),
        (["as … until 5m"], ["as alice until 6m"]),
        (["recorded as a1b2c3d4"], ["recorded as gxislfnl"]),
        (["", "a", ""], ["a"]),
    ],
)
def test_what_differs_from_run_to_run_is_right(page: list[str], screen: list[str]) -> None:
    check(Step("$ ", "x", tuple(page)), screen, Ids())


@pytest.mark.parametrize(
    ("page", "screen"),
    [
        (["a"], ["b"]),
        (["a"], []),
        ([], ["a"]),
        (["a", "c"], ["a", "b", "c"]),
        (["a", "…", "d"], ["a", "b"]),
        (["web Ready"], ["web NotReady"]),
        (["v1alpha1"], ["v1beta1"]),
        (["5m"], ["soon"]),
        (["a1b2c3d4 and a1b2c3d4"], ["x9y8z7w6 and q1w2e3r4"]),
    ],
)
def test_anything_else_is_not(page: list[str], screen: list[str]) -> None:
    with pytest.raises(AssertionError, match=re.escape("after `x` the screen is not what the page shows")):
        check(Step("$ ", "x", tuple(page)), screen, Ids())
