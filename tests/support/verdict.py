"""What a crash has left of a recording, measured against what the person had seen; by strangers' code."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import players
from casts import Cast

SHOWN_OF_LOSS = 200


@dataclass(frozen=True)
class Verdict:
    """Of one cast: why it does not open (empty if it does), relayed bytes that it lacks, other faults."""

    unopened: str
    lost: int
    faults: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return not self.unopened and not self.lost and not self.faults


@dataclass
class Tally:
    """Of many crashes."""

    instants: dict[str, int] = field(default_factory=dict)
    casts: int = 0
    torn: int = 0  # of those that died with PID 1, before the next agent came
    relayed_bytes: int = 0
    lost_bytes: int = 0
    unopened: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    slowest_mending: float = 0.0  # seconds from a recorder's death to the last byte of its cast

    def crashed(self, kind: str) -> None:
        self.instants[kind] = self.instants.get(kind, 0) + 1

    def judged(self, cast: Path, verdict: Verdict, relayed: int) -> None:
        self.casts += 1
        self.relayed_bytes += relayed
        self.lost_bytes += verdict.lost
        self.unopened += [f"{cast}: {verdict.unopened}"] if verdict.unopened else []
        self.faults += [f"{cast}: {fault}" for fault in verdict.faults]


def judge(cast: Path, relayed: bytes, whys: Mapping[str, bool]) -> Verdict:
    """Of a cast whose session ended for one of `whys`, each with whether it was mended then."""
    unopened = opens(cast)
    if unopened:
        return Verdict(unopened, len(relayed))
    found = Cast.read(cast)
    lost = missing(exact(found), relayed)
    first = relayed[len(relayed) - lost :][:SHOWN_OF_LOSS]
    faults = ([f"lost: {first!r}"] if lost else []) + _faults(found, whys)
    return Verdict("", lost, tuple(faults))


def opens(cast: Path) -> str:
    """Why some player would not open it, with the reference player's own word; empty if all do."""
    refused = players.refuses(cast.read_bytes())
    if refused:
        return refused
    try:
        shown = players.cat(cast)
    except AssertionError as error:
        return f"asciinema 2.4: {error}"
    return "" if shown == Cast.read(cast).shown.encode() else "asciinema 2.4 prints something else"


def exact(cast: Cast) -> bytes:
    """Every byte that the session showed, as docs/recording-format.md says how to find them."""
    found = bytearray()
    raw: bytes | None = None
    for _, code, text in cast.events:
        if code == "b":
            raw = base64.b64decode(text, validate=True)
        elif code == "o":
            found += text.encode() if raw is None else raw
            raw = None
    return bytes(found)


def missing(recorded: bytes, relayed: bytes) -> int:
    """How many of the relayed bytes are not in the recording at their place."""
    if recorded.startswith(relayed):
        return 0
    same = next(
        (
            index
            for index, (ours, theirs) in enumerate(zip(recorded, relayed, strict=False))
            if ours != theirs
        ),
        min(len(recorded), len(relayed)),
    )
    return len(relayed) - same


def _faults(cast: Cast, whys: Mapping[str, bool]) -> list[str]:
    """What is wrong with its last marker or with its summary."""
    faults = []
    last = cast.events[-1]
    why = last[2].removeprefix("session ended: ")
    if last[1] != "m" or why not in whys:
        faults.append(f"the last event is {last}")
    if sum(marker.startswith("session ended") for marker in cast.markers) != 1:
        faults.append(f"not one end: {cast.markers}")
    try:
        summary = cast.summary
    except (OSError, json.JSONDecodeError) as error:
        return [*faults, f"no summary: {error}"]
    content = cast.path.read_bytes()
    expected = (why, len(content), hashlib.sha256(content).hexdigest())
    if (summary["why"], summary["bytes"], summary["sha256"]) != expected:
        faults.append(f"the summary is of something else: {summary}")
    if not summary["repaired"] and whys.get(why):
        faults.append(f"the summary knows of no mending: {summary}")
    return faults
