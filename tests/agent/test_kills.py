"""kill -9 at random instants under load: every cast opens, and holds all that people saw.

A sample with a fixed seed; `make soak` has a thousand instants.
"""

import random
from pathlib import Path

from storm import Storm

INSTANTS = 12


def test_after_a_kill_at_any_instant_nothing_that_was_seen_is_lost_and_all_opens(tmp_path: Path) -> None:
    """Of a recorder, of PID 1, of all processes of a container in any order."""
    tally = Storm(tmp_path, random.Random(1)).rage(INSTANTS)  # noqa: S311 - the same on every machine
    assert tally.instants == {"recorder": 7, "pid 1": 3, "container": 2}
    assert tally.casts >= INSTANTS
    assert tally.relayed_bytes > 1_000_000
    assert (tally.unopened, tally.lost_bytes, tally.faults) == ([], 0, [])
    assert tally.slowest_mending < 1.0
