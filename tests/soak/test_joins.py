"""Viewers who join at random instants of floods and of full-screen programs: their last screens are alike.

Alike to that of a viewer who was there all the time, and to that of the person whose session it is: text,
colours, cursor, modes and both screens.
"""

import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import soak
from onlooker import Onlooker, watch, watch_to_the_end
from processes import children_of, wait_for
from recorded import Shell
from screens import looks, shown
from volumes import environment

from agent import RunningAgent, running_agent
from troubleshooter_agent.neutral import CLEAN

pytestmark = pytest.mark.soak

JOINS = soak.scaled(50)  # of each kind
AT_ONCE = 10
ROUNDS = [min(AT_ONCE, JOINS - start) for start in range(0, JOINS, AT_ONCE)]
COLUMNS, ROWS = 80, 24
APART = 0.4  # seconds, at most, between two who join
DECIDING = 100_000  # characters: what a flood has printed before them is on no screen any more
FLOOD = """
import os, random, sys, time
chance = random.Random(int(sys.argv[1]))
number = 0
while not os.path.exists(sys.argv[2]):
    lines = [f"\\x1b[{chance.randrange(30, 38)};{chance.randrange(40, 48)}m{number} " for _ in range(100)]
    for line in lines:
        sys.stdout.write(line + chance.choice(["some text", "été", "東京都 ", "🙂"]) * chance.randrange(40))
        sys.stdout.write(chance.choice(["\\x1b[0m\\n", "\\x1b[0m\\x1b[K\\r\\n", "\\rover\\x1b[0m\\n"]))
        number += 1
    sys.stdout.flush()
    time.sleep(chance.random() / 50)
print("\\x1b[1mthe end", end="", flush=True)
"""
VIM_KEYS = [
    "iwords é 東京\r\x1b", "yy9p", "dd", "G", "gg", "\x06", "\x02", ":set nu!\r", ":split\r", ":only\r",
    "u", "zz", ":set hlsearch!\r", "/words\r", "5x", "J",
]  # fmt: skip
TOP_KEYS = ["c", "1", "M", "P", "x", "b", "z", "t", "m"]
PROGRAMS = {"vim": (["vim", "-u", "NONE", "-N"], VIM_KEYS), "top": (["top", "-d", "0.1"], TOP_KEYS)}


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_flood(tmp_path: Path, number: int, note: Callable[..., None]) -> None:
    """It goes on until the last one has joined, and then for a while."""
    chance = random.Random(number)  # noqa: S311 - to be had again
    end = tmp_path / "end"
    with audience(tmp_path, "--", sys.executable, "-c", FLOOD, str(number), str(end)) as (_, there):
        for _ in range(ROUNDS[number]):
            watch(there, chance.uniform(0, APART))
            there.append(joined(tmp_path))
        watch_until_all_see(there)
        end.touch()
        watch_to_the_end(there)
        screens = last_screens(there, DECIDING)
    tell(note, screens)
    assert screens == screens[:1] * len(screens)
    assert "the end" in screens[0]


@pytest.mark.parametrize("number", range(len(ROUNDS)))
@pytest.mark.parametrize("program", PROGRAMS)
def test_full_screen_program(tmp_path: Path, number: int, program: str, note: Callable[..., None]) -> None:
    """Keys are pressed while people join; it is killed in the end, so that its screen stands."""
    chance = random.Random(number)  # noqa: S311 - to be had again
    argv, keys = PROGRAMS[program]
    with audience(tmp_path, "--", *argv) as (agent, there):
        person = there[0].session
        assert isinstance(person, Shell)
        for _ in range(ROUNDS[number]):
            for key in chance.choices(keys, k=chance.randrange(6)):
                person.send(key)
                watch(there, chance.uniform(0, APART / 6))
            there.append(joined(tmp_path))
        watch_until_all_see(there)
        for key in chance.choices(keys, k=9):
            person.send(key)
            watch(there, chance.uniform(0, APART / 6))
        (running,) = children_of(agent.recorders()[-1])
        os.kill(running, signal.SIGKILL)
        watch_to_the_end(there)
        screens = last_screens(there)
    tell(note, screens)
    assert screens == screens[:1] * len(screens)


@contextmanager
def audience(folder: Path, *arguments: str) -> Iterator[tuple[RunningAgent, list[Onlooker]]]:
    """A session with its person and with a viewer who is there from the beginning."""
    there: list[Onlooker] = []
    with running_agent(folder / "box", time_to_live="1h", idle_timeout="1h") as agent:
        try:
            there.append(Onlooker("alice", agent.shell(*arguments, cols=COLUMNS, rows=ROWS)))
            wait_for(lambda: agent.casts, "the recording")
            there.append(joined(folder))
            watch_until_all_see(there)
            yield agent, there
        finally:
            for each in there:
                each.leave()


def joined(folder: Path) -> Onlooker:
    """A viewer of the only session, who sees it in a window of its size."""
    root = folder / "box" / "recordings"
    (cast,) = root.rglob("*.cast")
    command = [sys.executable, "-m", "troubleshooter_agent", "follow", "--recordings", str(root)]
    viewer = Shell([*command, cast.stem[-8:]], cols=COLUMNS, rows=ROWS, env=environment(folder))
    return Onlooker("a viewer", viewer)


def watch_until_all_see(there: list[Onlooker]) -> None:
    def seeing() -> bool:
        watch(there, 0.1)
        return all(each.shown for each in there)

    wait_for(seeing, "something on each screen")


def last_screens(there: list[Onlooker], deciding: int = 0) -> list[str]:
    """All that can be told of each, the person's first; a viewer's is that before it was cleaned up.

    `deciding`: so many characters of the end are looked at, 0 for all.
    """
    person, *viewers = (bytes(each.shown).decode(errors="replace") for each in there)
    texts = [person, *(text.rpartition(CLEAN)[0] for text in viewers)]
    assert all(texts)
    return [looks(shown(COLUMNS, ROWS, text[-deciding:])) for text in texts]


def tell(note: Callable[..., None], screens: list[str]) -> None:
    joins = len(screens) - 2
    note("joins", joins=joins, different=joins - screens[2:].count(screens[1]))
