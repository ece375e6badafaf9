"""kill -9 at a thousand random instants under load: all opens in every player, and nothing is lost."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import soak
from browser import Browser
from casts import Cast
from kubelet import AGENT_ROOT
from programs import Asciinema3, plays_2
from storm import Storm
from verdict import Tally, exact

pytestmark = pytest.mark.soak

INSTANTS = soak.scaled(1_000)
ROUND = 25
KEPT = 12  # one in so many casts goes through the players themselves
ROUNDS = [min(ROUND, INSTANTS - start) for start in range(0, INSTANTS, ROUND)]


@pytest.mark.parametrize("number", range(len(ROUNDS)))
def test_storm(
    tmp_path: Path, number: int, note: Callable[..., None], asciinema_3: Asciinema3, player: Browser
) -> None:
    chance = random.Random(number)  # noqa: S311 - to be had again
    tally = Storm(tmp_path / "volume", chance, keep=tmp_path / "kept", every=KEPT).rage(ROUNDS[number])
    kept = sorted((tmp_path / "kept").glob("*.cast"))
    refused = [refusal for cast in kept for refusal in refusals(cast, asciinema_3, player)]
    tell(note, tally, len(kept), len(refused))
    assert (refused, tally.unopened, tally.lost_bytes, tally.faults) == ([], [], 0, [])
    assert tally.slowest_mending < 1.0


def refusals(cast: Path, asciinema_3: Asciinema3, player: Browser) -> list[str]:
    """What goes wrong with it in the programs themselves; 2.4's `cat` and the rules were there before."""
    shown = Cast.read(cast).shown.encode()
    found = []
    if ours(cast) != exact(Cast.read(cast)):
        found.append(f"{cast.name}: our cat --raw prints something else")
    if not plays_2(cast, cast.parent):
        found.append(f"{cast.name}: asciinema 2.4 does not play it to its end")
    if asciinema_3.shows(cast) != shown:
        found.append(f"{cast.name}: asciinema 3.2 makes something else of it")
    if not asciinema_3.plays(cast):
        found.append(f"{cast.name}: asciinema 3.2 does not play it to its end")
    played = player.play(cast.read_bytes())
    if not played.ended or played.error:
        found.append(f"{cast.name}: asciinema-player: {played.error or 'no end'}")
    return found


def ours(cast: Path) -> bytes:
    """What `troubleshooter-agent cat --raw` prints."""
    command = [sys.executable, "-m", "troubleshooter_agent", "cat", "--raw", str(cast)]
    return subprocess.run(
        command, env={"PYTHONPATH": str(AGENT_ROOT)}, capture_output=True, check=True
    ).stdout


def tell(note: Callable[..., None], tally: Tally, kept: int, refused: int) -> None:
    note(
        "kill",
        instants=sum(tally.instants.values()),
        of_recorders=tally.instants.get("recorder", 0),
        of_pid_1=tally.instants.get("pid 1", 0),
        of_containers=tally.instants.get("container", 0),
        casts=tally.casts,
        torn=tally.torn,
        relayed_bytes=tally.relayed_bytes,
        in_all_programs=kept,
        unopened=len(tally.unopened) + refused,
        lost_bytes=tally.lost_bytes,
        slowest_mending_seconds=tally.slowest_mending,
    )
