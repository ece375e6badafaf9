"""How fast `cat` of coloured text gets to a person who reads as fast as they can, recorded and not."""

import hashlib
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from casts import Cast
from figures import OURS, Row, at_least, ratios
from peers import ASCIINEMA_3, SCRIPT, Peer
from window import Drained, Window

from agent import RunningAgent

FIGURE: Final = "throughput of `cat`"
NEARLY_ALL: Final = 0.99  # ttyrec loses the last few thousand bytes
_BLOCK_LINES: Final = 20_000


def write_text(path: Path, size: int) -> int:
    """Coloured lines as `ls -l --color` prints them, some `size` bytes; how many a terminal shows."""
    lines = list(_lines(random.Random(4)))  # noqa: S311 - the same text each time
    block = "".join(lines).encode()
    count = max(1, size // len(block))
    with path.open("wb") as file:
        for _ in range(count):
            file.write(block)
    return count * (len(block) + len(lines))  # the terminal makes CR LF of each LF


def _lines(dice: random.Random) -> Iterator[str]:
    for number in range(_BLOCK_LINES):
        size, colour = dice.randrange(1 << 24), dice.choice((31, 32, 33, 34, 35, 36))
        name = f"{dice.getrandbits(64):016x}-größe-{number}"
        yield f"-rw-r--r-- 1 root root {size:9d} Nov 22 18:40 \x1b[01;{colour}m{name}\x1b[0m\n"


def measure(agent: RunningAgent, peers: Sequence[Peer], folder: Path, *, size: int, rounds: int) -> list[Row]:
    """All in turn, as often as `rounds` says."""
    text = folder / "text"
    shown = write_text(text, size)
    samples: dict[str, list[float]] = {name: [] for name in [*(peer.name for peer in peers), OURS]}
    for _ in range(rounds):
        for peer in peers:
            samples[peer.name].append(_peer(peer, text, shown, agent.environment))
        samples[OURS].append(_ours(agent, text, shown))
    return _rows(samples)


def _peer(peer: Peer, text: Path, shown: int, environment: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory(dir=text.parent) as folder:
        window = Window(peer.command(["cat", str(text)], Path(folder)), environment)
        drained = window.drain()
        window.wait()
    assert drained.content_bytes >= shown * NEARLY_ALL, (
        f"{peer.name} showed {drained.content_bytes} of {shown} bytes"
    )
    return drained.megabytes_a_second


def _ours(agent: RunningAgent, text: Path, shown: int) -> float:
    before = set(agent.casts)
    window = Window(agent.shell_command("--user=bench", "--", "cat", str(text)), agent.environment)
    drained = window.drain()
    window.wait()
    (cast,) = set(agent.casts) - before
    _check(cast, drained, shown)
    cast.unlink()  # the next round is to find the room that this one found
    return drained.megabytes_a_second


def _check(cast: Path, drained: Drained, shown: int) -> None:
    """The figure counts only if the recording is whole, and hashed as its summary says."""
    summary = json.loads(cast.with_suffix(".json").read_bytes())
    with cast.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == summary["sha256"], f"wrong hash: {summary}"
    recorded = len(Cast.read(cast).shown.encode())
    assert (recorded, drained.content_bytes) == (shown, shown), (recorded, drained.content_bytes, shown)


def _rows(samples: dict[str, list[float]]) -> list[Row]:
    ours = samples[OURS]
    rows = [Row(FIGURE, name, "MB/s", tuple(figures)) for name, figures in samples.items()]
    for peer, must, aim in ((ASCIINEMA_3, at_least(1.5), None), (SCRIPT, None, at_least(0.9))):
        theirs = samples.get(peer)
        note = "" if theirs else f"{peer} is not on this machine"
        rows.append(
            Row(
                FIGURE,
                f"{OURS} / {peer}",
                "times",
                ratios(ours, theirs or ours) if theirs else (),
                must,
                aim,
                note,
            )
        )
    return rows
