"""Bytes in are bytes out: what a program prints is what the person gets and what `cat --raw` gives back."""

import hashlib
import io
import random
import shlex
from pathlib import Path

import players
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import wait_for
from recorded import read_apart

from agent import RunningAgent
from troubleshooter_agent import library
from troubleshooter_agent.asciicast import Encoder, header_line, marker_line

ID = "3f9k2m1x"
CHARACTERS = ["é", "€", "🙂"]
HALVES = st.sampled_from(
    [
        b"\xc3",
        b"\xa9",
        b"\xe2\x82",
        b"\xac",
        b"\xf0\x9f\x99",
        b"\x82",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\xf4\x90",
    ]
)
TEXTS = st.text(max_size=5).map(lambda text: text.encode(errors="surrogatepass"))
OUTPUT = st.lists(st.one_of(st.binary(max_size=6), HALVES, TEXTS), max_size=12)


def raw(root: Path, session: str) -> bytes:
    out = io.BytesIO()
    assert library.cat(root, session, out, raw=True) == 0
    return out.getvalue()


@settings(deadline=None)
@given(pieces=OUTPUT, flushes=st.sets(st.integers(0, 11)))
def test_whatever_is_printed_comes_back_and_every_player_takes_it(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], flushes: set[int]
) -> None:
    """However it is cut, and wherever the wait for half a character ends."""
    root = tmp_path_factory.getbasetemp() / "any-bytes"
    encoder = Encoder(start=0.0)
    lines = header_line(size=(80, 24), timestamp=0, title="", env={}, session={}) + marker_line(0.0, "")
    shown = b""
    for number, piece in enumerate(pieces):
        for line, relay in (
            encoder.output(1.0, piece),
            encoder.flush(1.0) if number in flushes else (b"", b""),
        ):
            lines += line
            shown += relay
    line, relay = encoder.flush(2.0)
    cast = root / "shop" / "box" / f"2026-11-22T18-40-03Z-{ID}.cast"
    cast.parent.mkdir(parents=True, exist_ok=True)
    cast.write_bytes(lines + line)
    assert shown + relay == b"".join(pieces)
    assert raw(root, ID) == b"".join(pieces)
    assert players.refuses(lines + line) == ""


@pytest.mark.parametrize("seed", [1, 2])
def test_flood_of_binary_through_a_raw_terminal_comes_back(
    toolbox: RunningAgent, me: str, tmp_path: Path, seed: int
) -> None:
    """All 256 values, in random order and in order, cut wherever the kernel cuts."""
    noise = random.Random(seed).randbytes(500_000)  # noqa: S311 - the same at every run
    content = noise + bytes(range(256)) * 400 + "é€🙂".encode() * 10_000
    source = tmp_path / "content"
    source.write_bytes(content)
    with toolbox.shell(f"--user={me}", "-c", f"stty raw -echo; cat {shlex.quote(str(source))}") as shell:
        shown = shell.drain()
        assert shell.wait() == 0
    assert hashlib.sha256(shown).digest() == hashlib.sha256(content).digest()
    assert raw(toolbox.recordings, toolbox.cast(me).id) == content
    assert players.refuses(toolbox.path(me).read_bytes()) == ""


@pytest.mark.parametrize(
    ("character", "offset"), [(one, offset) for one in CHARACTERS for offset in range(1, len(one.encode()))]
)
def test_character_cut_by_a_read_is_whole_in_the_recording(
    agent: RunningAgent, character: str, offset: int
) -> None:
    puppet = agent.puppet()
    (recorder,) = agent.recorders()
    for part in (character.encode()[:offset], character.encode()[offset:]):
        with read_apart(recorder):
            puppet.write(part)
    puppet.shell.send("exit 0\n")
    assert puppet.shell.wait() == 0
    cast = agent.cast()
    assert cast.shown == f"ready\n{character}"
    assert [code for _, code, _ in cast.events] == ["m", "o", "o", "m"]


@pytest.mark.parametrize(
    "sequence",
    [
        b"\x1b[?1049h\x1b[H\x1b[2Jeditor\x1b[?1049l",
        b"\x1b[?2004h$ \x1b[?2004l",
        b"\x1b]0;a title\x07\x1b]2;another\x1b\\",
        b"\x1b]52;c;c2VjcmV0\x07",
        b"\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\",
        b"\x1b[?1000h\x1b[?1006h\x1b[?25l\x1b[6n",
        b"\x1bPq#0;2;0;0;0#0~~\x1b\\",
        b"\x1bc\x1b(0qqq\x1b(B\x0e\x0f",
        b"\x00\x05\x07\x08\x0b\x0c\x18\x1a\x7f\x9b31m",
    ],
    ids=["alternate screen", "paste", "title", "clipboard", "link", "modes", "sixel", "reset", "controls"],
)
def test_sequence_reaches_the_person_unchanged(toolbox: RunningAgent, me: str, sequence: bytes) -> None:
    puppet = toolbox.puppet(f"--user={me}")
    puppet.write(sequence)
    puppet.shell.send("exit 0\n")
    assert puppet.shell.wait() == 0
    assert puppet.shell.shown == b"ready\n" + sequence
    assert raw(toolbox.recordings, toolbox.cast(me).id) == puppet.shell.shown


def test_largest_terminal_is_a_size_like_any_other(toolbox: RunningAgent, me: str) -> None:
    with toolbox.bash(f"--user={me}") as shell:
        shell.resize(65_535, 65_535)
        shell.sendline("until [ \"$(stty size)\" = '65535 65535' ]; do :; done; exit 9")
        assert shell.wait() == 9
    cast = toolbox.cast(me)
    assert cast.sizes == ["65535x65535"]
    assert players.refuses(cast.path.read_bytes()) == ""


def test_pipeline_whose_reader_leaves_is_silent(toolbox: RunningAgent) -> None:
    with toolbox.bash() as shell:
        assert shell.type("yes | head -1; echo ${PIPESTATUS[@]}") == "y\r\n141 0\r\n"


def test_editor_edits(toolbox: RunningAgent, me: str, tmp_path: Path) -> None:
    with toolbox.shell(f"--user={me}", "--", "vim", "-n", "-u", "NONE", str(tmp_path / "file")) as shell:
        shell.expect("[New")
        shell.send("ihello 🙂\x1b:wq\r")
        assert shell.wait() == 0
        assert (tmp_path / "file").read_text() == "hello 🙂\n"
        assert toolbox.cast(me).cat() == shell.shown


def test_multiplexer_runs_and_is_left(toolbox: RunningAgent, me: str, tmp_path: Path) -> None:
    """Its server is a daemon, which ends with the session."""
    command = ["tmux", "-S", str(tmp_path / "socket"), "-f", "/dev/null", "new", "echo in$((1+1))side; cat"]
    with toolbox.shell(f"--user={me}", "--", *command) as shell:
        shell.expect("in2side")
        shell.send("\x02d")
        assert shell.wait() == 0
        assert toolbox.cast(me).cat() == shell.shown
    wait_for(lambda: not [name for name in toolbox.processes() if "tmux" in name], "the end of its server")
