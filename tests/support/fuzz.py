"""Fuzzers, guided by coverage (atheris), for what strangers write: casts, torn casts, messages. Run by path.

fuzz.py TARGET FOLDER SECONDS    the folder holds the corpus, and takes what breaks the target
"""

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import atheris
import players  # beside this file, so it is found

sys.path.insert(0, str(Path(__file__).parents[2] / "agent"))

with atheris.instrument_imports(include=["troubleshooter_agent"]):
    from troubleshooter_agent import channel, library, repair, request, volume
    from troubleshooter_agent.request import Request

HEADER = b'{"version":2,"width":80,"height":24,"timestamp":1,"troubleshooter":{"user":"x"}}\n'
CAST = HEADER + (
    b'[0.0,"m","recording started"]\n[0.5,"b","/w=="]\n[0.5,"o","\xef\xbf\xbd"]\n'
    b'[0.6,"r","120x40"]\n[1.0,"m","session ended: exit status 0"]\n'
)
MOST_BYTES = 4096
NAME = "2026-11-22T18-40-03Z-3f9k2m1x"


def reader(folder: Path) -> Callable[[bytes], None]:
    """A volume that a stranger wrote: listed and printed it makes a table, text or a refusal."""
    (folder / "shop" / "box").mkdir(parents=True, exist_ok=True)
    place = folder / "shop" / "box" / NAME

    def read(content: bytes) -> None:
        cast, _, summary = content.partition(b"\0\0")
        place.with_suffix(".cast").write_bytes(cast)
        place.with_suffix(".json").write_bytes(summary)
        library.list_recordings(folder, io.StringIO())
        for raw in (False, True):
            with contextlib.suppress(volume.ReadingError):
                library.cat(folder, "3f9k2m1x", io.BytesIO(), raw=raw)

    return read


def mender(_folder: Path) -> Callable[[bytes], None]:
    """A whole cast and whatever a crash may leave behind it: it opens, and keeps what was whole."""

    def mend(content: bytes) -> None:
        torn = CAST[: content[0] % len(CAST) if content else 0] + content[1:]
        found = repair.examine(torn, "killed")
        mended = torn[: found.keep] + found.append
        assert not repair.examine(mended, "again").is_needed
        if b"\n" not in content[1:]:  # whole lines of strangers are theirs; readers leave them out
            assert players.refuses(mended) == "", players.refuses(mended)

    return mend


def message(_folder: Path) -> Callable[[bytes], None]:
    """A packet that anybody may send to PID 1: a request that a program can be started with, or none."""
    ours, theirs = channel.pair()

    def hear(content: bytes) -> None:
        if not content:
            return
        theirs.send(content)
        with contextlib.suppress(channel.ChannelClosedError):
            found = request.parse_request(channel.Packet(channel.receive(ours).message, [0, 1, 2]))
            if isinstance(found, Request):
                words = (*found.argv, *found.environment, *found.environment.values(), found.folder)
                assert not any("\0" in word for word in words)
                os.fsencode("".join(words))

    return hear


SUMMARY = b'{"user":"x","startedAt":"2026-11-22T18:40:03Z","endedAt":"","exitCode":null,"bytes":1}'
OPEN = {"argv": ["a"], "user": "x", "environment": {"A": "b"}, "folder": "/", "size": [80, 24]}
TARGETS: dict[str, tuple[Callable[[Path], Callable[[bytes], None]], bytes]] = {
    "reader": (
        reader,
        CAST + b'\0\0{"user":"x","startedAt":"2026-11-22T18:40:03Z","exitCode":null,"bytes":1}',
    ),
    "mender": (mender, b'\xff[2.0,"o","x'),
    "message": (message, json.dumps({"open": OPEN}).encode()),
}


def main() -> None:
    name, place, seconds = sys.argv[1:]
    folder = Path(place)
    make, seed = TARGETS[name]
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "seed").write_bytes(seed)
    limits = (f"-max_total_time={seconds}", f"-max_len={MOST_BYTES}", f"-artifact_prefix={folder}/")
    atheris.Setup([sys.argv[0], *limits, "-rss_limit_mb=2048", "-timeout=10", str(corpus)], make(folder))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
