"""How long a key takes until its echo is shown, on terminals that stand side by side."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from figures import OURS, Row, at_most, percentile
from peers import BARE, Peer
from window import Window

from agent import RunningAgent

QUIET: Final = "echo of a key"
FLOODED: Final = "echo of a key while another session floods"
# The kernel echoes, so nothing of the program is in the figure; not by lines, which would fill up.
TYPED_AT: Final = ("sh", "-c", "stty -icanon min 1 echo && echo ready && exec cat >/dev/null")
FLOOD: Final = ("sh", "-c", "exec yes 'a flood of output that nobody reads to its end'")
INTERRUPT: Final = b"\x03"
_PAUSES: Final = (0.001, 0.005)  # seconds between two keys, so that everybody waits in between


@dataclass(frozen=True)
class Typing:
    """How many keys a round at each terminal; `folder` is for what the peers record."""

    keys: int
    rounds: int
    folder: Path


def measure_quiet(agent: RunningAgent, peers: Sequence[Peer], typing: Typing) -> list[Row]:
    """A key at each terminal in turn; what is above the bare terminal is a recorder's."""
    with _windows(agent, peers, typing.folder) as windows:
        found = [_press(windows, typing.keys) for _ in range(typing.rounds)]
    return _rows(QUIET, found, must=(0.15, 1.0), aim=(0.08, 0.4))


def measure_flooded(agent: RunningAgent, bare: Peer, typing: Typing) -> list[Row]:
    """The same with a session of the same agent that prints as fast as it can, and is read so."""
    with _windows(agent, [bare], typing.folder) as windows, _flood(agent):
        found = [_press(windows, typing.keys) for _ in range(typing.rounds)]
    return _rows(FLOODED, found, must=(None, 5.0), aim=(None, 2.0))


@contextmanager
def _windows(agent: RunningAgent, peers: Sequence[Peer], folder: Path) -> Iterator[dict[str, Window]]:
    with tempfile.TemporaryDirectory(dir=folder) as recordings:
        commands = {peer.name: peer.command(TYPED_AT, Path(recordings)) for peer in peers}
        commands[OURS] = agent.shell_command("--user=bench", "--", *TYPED_AT)
        windows = {name: Window(command, agent.environment) for name, command in commands.items()}
        try:
            for window in windows.values():
                window.read_until(b"ready\r\n")
            yield windows
        finally:
            for window in windows.values():
                window.end_with(INTERRUPT)


@contextmanager
def _flood(agent: RunningAgent) -> Iterator[None]:
    """A reader of its own for it: ours would be slowed down by the keys."""
    command = agent.shell_command("--user=flood", "--", *FLOOD)
    reader = subprocess.Popen(
        [sys.executable, __file__, *command],
        env=agent.environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        time.sleep(0.5)  # until it floods
        yield
    finally:
        reader.terminate()
        reader.wait()


def _press(windows: Mapping[str, Window], keys: int) -> dict[str, list[float]]:
    """Milliseconds from each key to its echo."""
    dice = random.Random(4)  # noqa: S311 - the same pauses each time
    found: dict[str, list[float]] = {name: [] for name in windows}
    for _ in range(keys):
        for name, window in windows.items():
            time.sleep(dice.uniform(*_PAUSES))
            began = time.perf_counter()
            window.press(b"x")
            echo = window.read()
            found[name].append((time.perf_counter() - began) * 1000)
            assert echo == b"x", f"{name} echoed {echo!r}"
    return found


def _rows(
    figure: str,
    found: Sequence[Mapping[str, Sequence[float]]],
    *,
    must: tuple[float | None, float],
    aim: tuple[float | None, float],
) -> list[Row]:
    rows = []
    for percent, most, wanted in zip((50, 99), must, aim, strict=True):
        bare = [percentile(each[BARE], percent) for each in found]
        rows.append(Row(f"{figure}, p{percent}", BARE, "ms", tuple(bare)))
        for name in found[0]:
            if name != BARE:
                theirs = [percentile(each[name], percent) for each in found]
                added = tuple(mine - base for mine, base in zip(theirs, bare, strict=True))
                limits = [at_most(limit) if limit and name == OURS else None for limit in (most, wanted)]
                rows.append(Row(f"{figure}, p{percent}, added", name, "ms", added, limits[0], limits[1]))
    return rows


if __name__ == "__main__":
    flooded = Window(sys.argv[1:], os.environ)
    signal.signal(signal.SIGTERM, lambda *_: flooded.press(INTERRUPT))
    flooded.drain()
