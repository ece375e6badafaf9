"""How often a session is looked at: in theory on a clock by hand, and what idle sessions really cost."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from processes import wait_for

from agent import RunningAgent
from troubleshooter_agent.pulse import Rhythm


@dataclass
class Trial:
    """A session on a clock by hand: `happens` are the instants that end a wait, `works` says what runs."""

    works: list[tuple[float, float]] = field(default_factory=list)
    happens: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)

    def run(self, until: float) -> None:
        rhythm, now = Rhythm(stirred=0.0), 0.0
        while now < until:
            due = now + rhythm.wait_until(now, rhythm.next_look)
            now = min([due, *(instant for instant in self.happens if instant > now)])
            rhythm.woke(now)
            if now >= rhythm.next_look:
                self._look(rhythm, now)

    def _look(self, rhythm: Rhythm, now: float) -> None:
        self.looks.append(now)
        if rhythm.wants_probe(now):
            self.probes.append(now)
            rhythm.probed(now, works=any(begin <= now < end for begin, end in self.works))
        rhythm.looked(now)


def test_quiet_session_is_looked_at_every_five_seconds_and_probed_every_thirty() -> None:
    trial = Trial()
    trial.run(70.0)
    assert trial.looks[:5] == [0.0, 1.0, 2.0, 7.0, 12.0]
    assert trial.probes == [0.0, 1.0, 2.0, 32.0, 62.0]
    assert max(later - earlier for earlier, later in zip(trial.looks, trial.looks[1:], strict=False)) == 5.0


def test_running_work_is_seen_every_second_to_its_end() -> None:
    trial = Trial(works=[(0.5, 60.2)])
    trial.run(63.0)
    assert trial.probes == [float(second) for second in range(62)]


def test_work_that_begins_some_time_after_a_key_is_seen() -> None:
    """At the look that the key brings nothing runs yet: it is looked for until all has settled."""
    trial = Trial(happens=[100.0, 100.1], works=[(100.9, 200.0)])
    trial.run(105.0)
    assert [instant for instant in trial.probes if instant >= 100.0] == [
        100.0,
        101.0,
        102.0,
        103.0,
        104.0,
        105.0,
    ]


def test_key_in_a_quiet_session_is_followed_by_looks_until_it_has_settled() -> None:
    trial = Trial(happens=[100.0, 100.5])
    trial.run(115.0)
    assert [instant for instant in trial.probes if instant >= 100.0] == [100.0, 101.0, 102.0, 103.0]
    assert [instant for instant in trial.looks if instant >= 100.0] == [
        100.0,
        101.0,
        102.0,
        103.0,
        108.0,
        113.0,
        118.0,
    ]


def test_flood_of_output_is_looked_at_once_a_second() -> None:
    trial = Trial(happens=[50 + count / 100 for count in range(1000)])
    trial.run(60.0)
    assert len([instant for instant in trial.looks if 50 < instant <= 60]) in {9, 10}


def test_work_that_began_by_itself_is_seen_in_half_a_minute() -> None:
    trial = Trial(works=[(40.0, 1000.0)])
    trial.run(70.0)
    assert next(instant for instant in trial.probes if instant > 40.0) == 62.0


# What it really costs.

SESSIONS = 10
SECONDS = 10.0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wake_ups(pid: int) -> int:
    """How often all threads of a process have gone to sleep of themselves."""
    found = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        found += int(lines["voluntary_ctxt_switches"])
    return found


@pytest.mark.timing
def test_idle_sessions_cost_next_to_nothing(agent: RunningAgent) -> None:
    """10 shells at their prompts, 10 s: beats alone, so 2 or 3 wake-ups each, and hardly any time."""
    with ExitStack() as stack:
        for count in range(SESSIONS):
            stack.enter_context(agent.bash(f"--user=user{count}"))
        recorders = agent.recorders()
        assert len(recorders) == SESSIONS
        settled = time.monotonic()
        wait_for(lambda: time.monotonic() - settled > 4, "all to settle")
        woken, used = sum(map(wake_ups, recorders)), sum(map(cpu_seconds, [*recorders, agent.pid]))
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began > SECONDS, "the time to measure")
        assert sum(map(wake_ups, recorders)) - woken <= 5 * SESSIONS
        assert sum(map(cpu_seconds, [*recorders, agent.pid])) - used < 0.01 * SECONDS


def test_silent_work_is_seen_once_its_key_has_been_pressed(agent: RunningAgent) -> None:
    """Nothing but a key says that `sleep` has begun, and nothing at all that it has ended but its prompt."""
    with agent.bash() as shell:
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began > 4, "the session to come to rest")
        shell.sendline("sleep 100")
        shell.expect("\r\n")
        first = agent.status()["lastActivityAt"]
        wait_for(lambda: agent.status()["lastActivityAt"] > first, "activity", seconds=5)
        later = agent.status()["lastActivityAt"]
        wait_for(lambda: agent.status()["lastActivityAt"] > later, "further activity", seconds=5)
        shell.send("\x03")
        shell.prompt()
        wait_for(lambda: not works_on(agent), "no more activity", seconds=10)


def works_on(agent: RunningAgent) -> bool:
    """Whether there is activity within 2.5 s."""
    before = agent.status()["lastActivityAt"]
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 2.5, "more activity")
    return bool(agent.status()["lastActivityAt"] > before)


def test_work_in_a_detached_tmux_is_work_of_its_session(agent: RunningAgent, tmp_path: Path) -> None:
    """Its server has left the shell, and is found below the recorder."""
    with agent.bash() as shell:
        shell.type(f"tmux -f /dev/null -S {tmp_path}/tmux new -d 'sleep 100'")
        began = time.monotonic()
        wait_for(lambda: time.monotonic() - began > 4, "the session to come to rest")
        assert works_on(agent)
        shell.type(f"tmux -S {tmp_path}/tmux kill-server")
        wait_for(lambda: not works_on(agent), "no more activity", seconds=10)
