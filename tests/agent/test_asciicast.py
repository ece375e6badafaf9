"""The lines of a cast as literals, and that players, the strict ones too, take them."""

import base64
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import players
import pytest

from troubleshooter_agent.asciicast import (
    Encoder,
    Event,
    NotACastError,
    header_line,
    marker_line,
    parse_event,
    parse_header,
)

NASTY = "a\u00e9\u20ac\U0001f642".encode() + b"\xff\xe2\x82" + "z\u00e9".encode()


def header(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "size": (100, 30),
        "timestamp": 1795372803.75,
        "title": "why is it slow?",
        "env": {"SHELL": "/bin/bash", "TERM": "xterm"},
        "session": {"namespace": "shop", "name": "box", "run": 1, "verified": False},
    }
    return header_line(**(values | changes))


def test_header_is_one_line_of_the_specification() -> None:
    """What players know comes first; what is ours stands under one key that they ignore."""
    assert header() == (
        b'{"version":2,"width":100,"height":30,"timestamp":1795372803,"title":"why is it slow?",'
        b'"env":{"SHELL":"/bin/bash","TERM":"xterm"},'
        b'"troubleshooter":{"namespace":"shop","name":"box","run":1,"verified":false}}\n'
    )


def test_header_without_a_title_has_none() -> None:
    """An empty one would be shown as such."""
    assert b"title" not in header(title="")


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [
        ((0, 0), 80, 24),
        ((0, 50), 80, 50),
        ((132, 0), 132, 24),
        ((-1, -1), 80, 24),
        ((1, 1), 1, 1),
        ((65_535, 65_535), 65_535, 65_535),
        ((65_536, 100_000), 65_535, 65_535),
    ],
)
def test_size_is_one_that_every_player_takes(size: tuple[int, int], width: int, height: int) -> None:
    """0 and more than 65,535 are refused by some."""
    parsed = json.loads(header(size=size))
    assert (parsed["width"], parsed["height"]) == (width, height)


def test_text_that_was_no_utf8_does_not_break_the_header() -> None:
    """An argument of a command line with other bytes has lone surrogates, which JSON cannot say."""
    parsed = json.loads(header(title="caf\udce9", env={"TERM": "\udcff"}, session={"name": ["\ud800"]}))
    assert (parsed["title"], parsed["env"], parsed["troubleshooter"]) == (
        "caf?", {"TERM": "?"}, {"name": ["?"]},
    )  # fmt: skip


def test_header_stays_one_line_to_readers_that_split_at_other_line_ends() -> None:
    """A purpose is a stranger's text."""
    line = header(title="a\u0085b\u2028c\u2029d\ne").decode()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["title"] == "a\u0085b\u2028c\u2029d\ne"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"$ ls\r\n", b'[1.5,"o","$ ls\\r\\n"]\n'),
        (b"\x1b[1m\x00\x07\x7f", b'[1.5,"o","\\u001b[1m\\u0000\\u0007\x7f"]\n'),
        (b'"\\', b'[1.5,"o","\\"\\\\"]\n'),
        ("é🙂".encode(), '[1.5,"o","é🙂"]\n'.encode()),
        ("a\u0085b".encode(), b'[1.5,"o","a\\u0085b"]\n'),
        ("a\u2028b\u2029c".encode(), b'[1.5,"o","a\\u2028b\\u2029c"]\n'),
        (b"f\xffb", b'[1.5,"b","Zv9i"]\n[1.5,"o","f\xef\xbf\xbdb"]\n'),
        (b"\xed\xa0\x80", b'[1.5,"b","7aCA"]\n[1.5,"o","\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"]\n'),
        (b"", b""),
    ],
    ids=["text", "controls", "quotes", "UTF-8", "NEL", "separators", "no UTF-8", "a surrogate", "nothing"],
)
def test_output_as_lines(text: bytes, line: bytes) -> None:
    """What was no UTF-8 is kept as base64 before it; all of it may be relayed."""
    assert Encoder(start=10.0).output(11.5, text) == (line, text)


def test_character_cut_by_a_read_is_held_until_it_is_whole() -> None:
    """Neither written nor relayed before."""
    encoder = Encoder(start=0.0)
    assert encoder.output(1.0, b"a\xf0\x9f") == (b'[1.0,"o","a"]\n', b"a")
    assert encoder.output(2.0, b"\x99") == (b"", b"")
    assert encoder.output(3.0, b"\x82b") == ('[3.0,"o","🙂b"]\n'.encode(), b"\xf0\x9f\x99\x82b")


def test_half_a_character_whose_rest_does_not_come_is_flushed_as_it_is() -> None:
    """What the program printed reaches the person, and the file says which bytes it was."""
    encoder = Encoder(start=0.0)
    encoder.output(1.0, b"\xf0\x9f")
    assert encoder.flush(2.0) == (b'[2.0,"b","8J8="]\n[2.0,"o","\xef\xbf\xbd"]\n', b"\xf0\x9f")
    assert encoder.flush(3.0) == (b"", b"")


def test_bytes_are_all_there_however_they_arrive() -> None:
    """Cut at every two offsets: relayed and recorded are the same as what was printed."""
    for first, second in combinations(range(len(NASTY) + 1), 2):
        encoder = Encoder(start=0.0)
        parts = (NASTY[:first], NASTY[first:second], NASTY[second:])
        results = [*(encoder.output(1.0, part) for part in parts), encoder.flush(2.0)]
        assert b"".join(relayed for _, relayed in results) == NASTY
        assert recorded_bytes(b"".join(lines for lines, _ in results)) == NASTY


def recorded_bytes(lines: bytes) -> bytes:
    """What a reader of `b` and `o` events puts together, with no code of ours."""
    exact, found = None, b""
    for _, code, text in map(json.loads, lines.splitlines()):
        if code == "b":
            exact = base64.b64decode(text)
        else:
            found += text.encode() if exact is None else exact
            exact = None
    return found


def test_times_never_decrease() -> None:
    """Clocks of two processes may differ by a little; some players hang on a step back."""
    encoder = Encoder(start=10.0)
    assert encoder.marker(9.0, "early") == b'[0.0,"m","early"]\n'
    assert encoder.output(12.0, b"x")[0] == b'[2.0,"o","x"]\n'
    assert encoder.output(11.0, b"y")[0] == b'[2.0,"o","y"]\n'
    assert encoder.resize(12.000_000_4, 80, 24) == b'[2.0,"r","80x24"]\n'
    assert encoder.marker(12.123_456_7, "m") == b'[2.123457,"m","m"]\n'


@pytest.mark.parametrize(
    ("size", "line"),
    [
        ((120, 40), b'[1.0,"r","120x40"]\n'),
        ((70_000, 70_000), b'[1.0,"r","65535x65535"]\n'),
        ((0, 40), b""),
        ((120, 0), b""),
        ((-1, -1), b""),
    ],
)
def test_resize_as_a_line(size: tuple[int, int], line: bytes) -> None:
    """A terminal without a size makes none: 0x0 hangs one player and blanks another."""
    assert Encoder(start=0.0).resize(1.0, *size) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", b'[0.5,"m",""]\n'),
        ("session ended: idle for 15m", b'[0.5,"m","session ended: idle for 15m"]\n'),
        ("é\x1b[2J\n", '[0.5,"m","é\\u001b[2J\\n"]\n'.encode()),
        ("\udcff", b'[0.5,"m","?"]\n'),
    ],
)
def test_marker_as_a_line(text: str, line: bytes) -> None:
    """For recorders, and for those who end what another began."""
    assert Encoder(start=0.0).marker(0.5, text) == line
    assert marker_line(0.5, text) == line


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b'[0.5,"o","x"]\n', Event(0.5, "o", "x")),
        (b'[1,"zz",""]', Event(1.0, "zz", "")),
        (b' [ 2.5 , "m" , "\\u0041" ] \r\n', Event(2.5, "m", "A")),
    ],
)
def test_event_is_parsed(line: bytes, event: Event) -> None:
    """Of any code; white space is JSON's business."""
    assert parse_event(line) == event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b'[0.5,"o","x',
        b'[0.5,"o"]',
        b'[0.5,"o","x",1]',
        b'["0.5","o","x"]',
        b'[true,"o","x"]',
        b'[NaN,"o","x"]',
        b'[1e999,"o","x"]',
        b'[0.5,1,"x"]',
        b'[0.5,"o",null]',
        b'{"version":2}',
        b'[0.5,"o","x"]\0',
        b'[0.5,"o","\xff"]',
        b'[0.5,"o","\\udc00"]',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    """Torn, of other shapes, or hostile."""
    with pytest.raises(NotACastError):
        parse_event(line)


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{}", b'{"version":1}', b'{"version":2', b'"version"', b"{" * 9999]
)
def test_what_is_no_header_is_refused(line: bytes) -> None:
    """asciicast v1 and v3 are other formats."""
    with pytest.raises(NotACastError):
        parse_header(line)


def test_players_take_all_that_is_written(tmp_path: Path) -> None:
    """The reference player shows it byte for byte; the rules of the others hold."""
    encoder = Encoder(start=0.0)
    shown = "é🙂\x1b[1m\u0085\u2028\u2029\x00\x7f\r\n"
    lines = header(title="\udcff\u2028", size=(0, 0)) + encoder.marker(0.0, "recording started")
    lines += encoder.output(1.0, shown.encode())[0] + encoder.resize(0.5, 70_000, 1)
    lines += encoder.output(2.0, NASTY)[0] + encoder.flush(3.0)[0] + encoder.marker(4.0, "")
    assert players.refuses(lines) == ""
    cast = tmp_path / "all.cast"
    cast.write_bytes(lines)
    assert players.cat(cast) == (shown + "aé€🙂\ufffd\ufffdzé").encode()
