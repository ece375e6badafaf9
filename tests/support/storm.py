"""Kills recorders, PID 1 and whole containers at random instants under load, and judges what is left.

All sessions flood (flood.py), on terminals and on pipes; the volume outlives the agents, so each next
agent meets what the one before has left. What was judged is kept for players or removed.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from onlooker import Onlooker, watch, watch_to_the_end
from processes import PATIENCE, descendants_of, wait_for
from verdict import Tally, judge

from agent import RunningAgent, start_agent, stop_agent, user_of

FLOOD = Path(__file__).with_name("flood.py")
SESSIONS = 3
KINDS = {"recorder": 6, "pid 1": 2, "container": 2}  # how often each, of ten
LONGEST_WAIT = 0.4  # from the first recorder to the crash, in seconds
KILLED = "its recorder was killed by signal 9"
# What a recorder may see before its own turn comes: no PID 1, its program killed, or no way to start one.
ENDED_ITSELF = ("the agent is gone", "exit status 137", "exit status 126")
LOST = "the recorder ended without a word (a lost node or a killed pod)"


@dataclass
class Storm:
    """A series of crashes on one volume; `keep` is a folder for some of the casts, one in `every`."""

    folder: Path
    chance: random.Random
    keep: Path | None = None
    every: int = 10
    tally: Tally = field(default_factory=Tally)
    people: list[Onlooker] = field(default_factory=list)
    _agent: RunningAgent | None = None
    _opened: int = 0

    def rage(self, instants: int) -> Tally:
        """So many crashes; nothing of it runs on afterwards."""
        try:
            for kind in self.chance.choices(list(KINDS), list(KINDS.values()), k=instants):
                self._crash(kind)
            if self._agent is None:
                self._start()
        finally:
            self._stop()
        return self.tally

    def _crash(self, kind: str) -> None:
        agent = self._agent or self._start()
        self._fill(agent)
        wait_for(agent.recorders, "a session")
        watch(self.people, self.chance.random() * LONGEST_WAIT)
        self.tally.crashed(kind)
        if kind == "recorder":
            self._kill_recorder(agent)
        else:
            self._kill_all(agent, kind)

    def _start(self) -> RunningAgent:
        """The next agent on the volume, which mends what the one before has left."""
        self._agent = start_agent(self.folder, time_to_live="1h", idle_timeout="1h")
        if self.people:  # of the crash before
            self._judge(self.people, {KILLED: True, LOST: True, **dict.fromkeys(ENDED_ITSELF, False)})
            self.people = []
        return self._agent

    def _stop(self) -> None:
        if self._agent is not None:
            stop_agent(self._agent)
        for each in self.people:
            each.leave()

    def _fill(self, agent: RunningAgent) -> None:
        while len(self.people) < SESSIONS:
            self._opened += 1
            user = f"u{self._opened}"
            command = (f"--user={user}", "--", sys.executable, "-SI", str(FLOOD), str(self._opened))
            on_terminal = self.chance.random() < 2 / 3
            session = (
                agent.shell(*command) if on_terminal else agent.open(*command, stderr=subprocess.DEVNULL)
            )
            self.people.append(Onlooker(user, session))

    def _kill_recorder(self, agent: RunningAgent) -> None:
        killed = time.time()
        os.kill(self.chance.choice(agent.recorders()), signal.SIGKILL)
        dead = self._wait_for_the_dead()
        for each in dead:
            self._note_mending(agent, each, killed)
            self.people.remove(each)
        self._judge(dead, {KILLED: True})

    def _wait_for_the_dead(self) -> list[Onlooker]:
        deadline = time.monotonic() + PATIENCE
        while not (dead := [each for each in self.people if each.is_over]):
            assert time.monotonic() < deadline, "no session ended with its recorder"
            watch(self.people, 0.01)
        return dead

    def _note_mending(self, agent: RunningAgent, person: Onlooker, killed: float) -> None:
        def is_mended() -> bool:
            cast = cast_of(agent.folder, person.user)
            return cast is not None and cast.with_suffix(".json").exists()

        if cast_of(agent.folder, person.user) is None:
            return
        wait_for(is_mended, f"the mending of {person.user}'s cast")
        cast = cast_of(agent.folder, person.user)
        assert cast
        self.tally.slowest_mending = max(self.tally.slowest_mending, cast.stat().st_mtime - killed)

    def _kill_all(self, agent: RunningAgent, kind: str) -> None:
        """PID 1, and with it the kernel kills the rest; or one after the other, in any order."""
        pids = [agent.pid]
        if kind == "container":
            pids += descendants_of(agent.pid)
            self.chance.shuffle(pids)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        watch_to_the_end(self.people)
        stop_agent(agent)
        self._agent = None
        self.tally.torn += sum(not cast.read_bytes().endswith(b"\n") for cast in casts_in(self.folder))
        for each in self.people:
            each.leave()

    def _judge(self, people: list[Onlooker], whys: dict[str, bool]) -> None:
        for each in people:
            relayed = each.relayed()
            each.leave()
            cast = wait_for_cast(self.folder, each.user) if relayed else cast_of(self.folder, each.user)
            if cast is None:  # killed before it had begun: then it must not have shown anything
                self.tally.lost_bytes += len(relayed)
                self.tally.faults += [f"no cast of {each.user}, who saw {relayed!r}"] if relayed else []
                continue
            wait_for(cast.with_suffix(".json").exists, f"the summary of {cast}")
            self.tally.judged(cast, judge(cast, relayed, whys), len(relayed))
            self._put_away(cast)

    def _put_away(self, cast: Path) -> None:
        if self.keep is not None and self.tally.casts % self.every == 0:
            self.keep.mkdir(parents=True, exist_ok=True)
            shutil.copy(cast, self.keep)
        cast.unlink()
        cast.with_suffix(".json").unlink()


def cast_of(folder: Path, user: str) -> Path | None:
    """A user's recording on the volume, if there is one."""
    return next((cast for cast in casts_in(folder) if user_of(cast) == user), None)


def wait_for_cast(folder: Path, user: str) -> Path | None:
    """That of somebody who saw something; None if it is nowhere."""
    with contextlib.suppress(AssertionError):
        found: Path = wait_for(lambda: cast_of(folder, user), f"{user}'s cast")
        return found
    return None


def casts_in(folder: Path) -> Iterator[Path]:
    return (folder / "recordings").rglob("*.cast")
