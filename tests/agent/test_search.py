"""`search`: a line is found however it came into the cast, with its time and user; and nothing else is."""

import io
import json
import tempfile
from pathlib import Path, PurePosixPath
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from volumes import FILE, HEADER, ID, STARTED, put

from troubleshooter_agent import search
from troubleshooter_agent.asciicast import Encoder
from troubleshooter_agent.haystack import Needle

TYPED = "".join(f'[{number}.5,"o","{letter}"]\n' for number, letter in enumerate("$ dig example", 1))
CODES = '[3.0,"o","con\\u001b[1mnec\\u001b[0mtion \\u001b]0;title\\u0007refused\\r\\n"]\n'


def found(root: Path, text: str, *ids: str, ignore_case: bool = False) -> list[dict[str, object]]:
    out = io.StringIO()
    status = search.search(root, text, ids, out, ignore_case=ignore_case, as_json=True)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert status == (0 if lines else 1)
    return lines


def test_a_line_is_found_with_who_when_and_where(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + '[61.5,"o","a\\r\\nconnection refused by db\\r\\nb"]\n')
    assert found(tmp_path, "refused") == [
        {
            "id": "3f9k2m1x",
            "file": "shop/box/2026-11-22T18-40-03Z-3f9k2m1x.cast",
            "user": "alice",
            "at": 61.5,
            "time": "2026-11-22T18:41:04Z",
            "line": "connection refused by db",
        }
    ]


def test_the_table_is_for_people(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + '[61.5,"o","connection refused\\r\\n"]\n')
    out = io.StringIO()
    assert search.search(tmp_path, "refused", (), out) == 0
    assert out.getvalue() == "3f9k2m1x   2026-11-22T18:41:04Z   1m1s   alice   connection refused\n"


@pytest.mark.parametrize(
    ("events", "text", "line"),
    [
        (TYPED + '[20.0,"o","\\r\\n"]\n', "dig example", "$ dig example"),
        (TYPED, "dig example", "$ dig example"),
        (CODES, "connection refused", "connection refused"),
        ('[1.0,"o","con"]\n[1.1,"m","a mark"]\n[1.2,"r","80x20"]\n[1.3,"o","nect"]\n', "connect", "connect"),
        ('[1.0,"o","red\\u001b["]\n[1.1,"o","0m and green"]\n', "red and green", "red and green"),
        ('[1.0,"o","a \\"quoted\\" word\\r\\n"]\n', '"quoted" word', 'a "quoted" word'),
        ('[1.0,"o","C:\\\\new\\\\table\\r\\n"]\n', "C:\\new\\table", "C:\\new\\table"),
        ('[1.0,"o","literal \\\\u001b[0m escape\\r\\n"]\n', "\\u001b[0m", "literal \\u001b[0m escape"),
        ('[1.0,"o","10%\\r20%\\r30%\\r\\n"]\n', "20%", "20%"),
        ('[1.0,"o","b\u00e9b\u00e9\\r\\n"]\n', "b\u00e9b", "b\u00e9b\u00e9"),
        # Written by something else than our recorder, and good JSON all the same.
        ('[1.0, "o", "\\u0063onnect"]\n', "connect", "connect"),
        ('[ 1.0 , "o","con"]\n[1.0, "o", "nect"]\n', "connect", "connect"),
        ('[1.0,"b","Zv9i"]\n[1.0,"o","f\ufffdb"]\n', "\ufffdb", "f\ufffdb"),
    ],
)  # fmt: skip
def test_it_is_found_however_it_was_written(tmp_path: Path, events: str, text: str, line: str) -> None:
    put(tmp_path, HEADER + STARTED + events)
    assert [hit["line"] for hit in found(tmp_path, text)] == [line]


@pytest.mark.parametrize("text", ["recording started", "alice", "bash", '"o"', "u001b", "[1m"])
def test_what_no_terminal_showed_is_not_found(tmp_path: Path, text: str) -> None:
    put(tmp_path, HEADER + STARTED + CODES)
    assert found(tmp_path, text) == []


def test_a_line_is_told_once_and_at_its_first_time(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + '[1.0,"o","err"]\n[2.0,"o","or error"]\n[3.0,"o"," error\\r\\n"]\n')
    assert [(hit["at"], hit["line"]) for hit in found(tmp_path, "error")] == [(2.0, "error error error")]


def test_case_counts_unless_told_otherwise(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + '[1.0,"o","Connection REFUSED \u00c9t\u00e9\\r\\n"]\n')
    assert found(tmp_path, "refused") == []
    assert len(found(tmp_path, "refused", ignore_case=True)) == 1
    assert len(found(tmp_path, "\u00e9T\u00c9", ignore_case=True)) == 1


def test_only_the_recordings_that_are_named(tmp_path: Path) -> None:
    line = '[1.0,"o","refused\\r\\n"]\n'
    put(tmp_path, HEADER + STARTED + line)
    put(tmp_path, HEADER + STARTED + line, name="2026-11-23T18-40-03Z-aaaaaaaa")
    assert [hit["id"] for hit in found(tmp_path, "refused")] == [ID, "aaaaaaaa"]
    assert [hit["id"] for hit in found(tmp_path, "refused", "aaaaaaaa")] == ["aaaaaaaa"]


def test_a_recording_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    put(tmp_path, HEADER + STARTED + '[1.0,"o","refused\\r\\n"]\n')
    (tmp_path / "shop/box/2026-11-23T18-40-03Z-aaaaaaaa.cast").symlink_to("/etc/passwd")
    put(tmp_path, b"\xff\xfenothing\n[1.0,", name="2026-11-24T18-40-03Z-bbbbbbbb")
    assert [hit["file"] for hit in found(tmp_path, "refused")] == [FILE]


def test_a_long_recording_is_searched_whole_and_nothing_twice(tmp_path: Path) -> None:
    """Longer than one process's share; each line is there once, whatever the cuts."""
    encoder = Encoder(start=0.0)
    with put(tmp_path, HEADER + STARTED).open("ab") as cast:
        for number in range(0, 400_000, 50):
            lines = "".join(
                f"request {each:06} of the queue is waiting\r\n" for each in range(number, number + 50)
            )
            half = len(lines) // 2 + number % 17
            cast.write(encoder.output(number / 100, lines[:half].encode())[0])
            cast.write(encoder.output(number / 100 + 0.01, lines[half:].encode())[0])
    assert cast.name
    assert len(found(tmp_path, "is waiting")) == 400_000
    assert [hit["line"] for hit in found(tmp_path, "request 399999 ")] == [
        "request 399999 of the queue is waiting"
    ]


LETTERS = ["a", "b", "ab", "A", "n", "r", "k", "i", "o", "\\", '"', "]", "[", ",", "\xe9", "\xc9", "\u2028"]
CAPITALS = ["\u0130", "\u212a", "\u03a3"]  # whose small letters are not one other character
CONTROLS = ["\n", "\r", "\r\n", "\b", "\t", "\x07", "\x7f", "\u0085", "\x1b"]
SEQUENCES = ["\x1b[1m", "\x1b[", "1m", "\x1b]0;t\x07", "\x1b]0;", "\x1b(B", "\x1b\\"]
PIECES = st.lists(st.sampled_from([*LETTERS, *CAPITALS, *CONTROLS, *SEQUENCES]), max_size=14)
TEXTS = st.text('abBnr\\"\xe9\xc9o][ki,\t\u03c3\u03c2\u2028', min_size=1, max_size=6)
SPACED = [b'[1.0, "o", "\\u0061b"]\n', b'[1.0, "o", "ab"]\n']  # as others write them
OTHERS = st.sampled_from([b"", b"", b'[1.0,"m","a\\nb"]\n', b'[1.0,"r","80x24"]\n', *SPACED])
SESSIONS = st.lists(st.tuples(PIECES, OTHERS), max_size=8)


def session(outputs: list[tuple[list[str], bytes]]) -> bytes:
    """Each output in an event of its own, with what stands between events."""
    encoder = Encoder(start=0.0)
    times = enumerate(outputs, 1)
    events = [(encoder.output(at, "".join(pieces).encode())[0], other) for at, (pieces, other) in times]
    return b"".join(event + other for event, other in events)


@pytest.mark.property
@given(outputs=SESSIONS, text=TEXTS, ignore_case=st.booleans())
def test_what_is_found_fast_is_what_decoding_all_of_it_finds(
    outputs: list[tuple[list[str], bytes]], text: str, *, ignore_case: bool
) -> None:
    """However the text was split, painted and mixed with other events."""
    block, needle = session(outputs), Needle(text, ignore_case=ignore_case)
    fast = [hit for place in needle.places(block) for hit in search._lines(place, needle)]
    assert fast == list(search._lines(block, needle))


@pytest.mark.property
@given(outputs=SESSIONS, text=TEXTS, share=st.integers(len(HEADER) + 1, 400), block=st.integers(1, 200))
def test_cuts_of_a_recording_change_nothing(
    outputs: list[tuple[list[str], bytes]], text: str, share: int, block: int
) -> None:
    """Into shares of processes, and blocks of bytes: each line is found once, and in order."""
    with tempfile.TemporaryDirectory() as folder:
        cast = session(outputs)
        path = put(Path(folder), HEADER.encode() + cast)
        size, needle = path.stat().st_size, Needle(text)
        shares = [
            search.Share(Path(folder), PurePosixPath(FILE), ID, start, min(size, start + share))
            for start in range(0, size, share)
        ]
        hits = [hit for each in shares for hit in search.hits(each, needle, block=block)]
        assert [(hit.at, hit.line) for hit in hits] == list(search._lines(cast, needle))


LINES = st.lists(st.text('ab c"\\\xe9\u4e16', max_size=12), max_size=12)
PAINT = st.sampled_from(["", "", "", "\x1b[1;31m", "\x1b[0m", "\x1b]0;a title\x07", "\x1b(B", "\x07"])


@pytest.mark.property
@given(
    lines=LINES,
    text=st.text('ab c"\xe9\u4e16', min_size=1, max_size=3),
    paint=st.lists(PAINT),
    cuts=st.randoms(),
)
def test_it_finds_what_a_reference_finds_in_the_lines_themselves(
    lines: list[str], text: str, paint: list[str], cuts: Random
) -> None:
    """The reference knows nothing of casts; what was printed is painted and cut at random."""
    printed = "".join(f"{line}\r\n" for line in lines)
    painted = "".join(char + (cuts.choice(paint) if paint and char not in "\r\n" else "") for char in printed)
    encoder, events, data = Encoder(start=0.0), b"", painted.encode()
    while data:
        length = cuts.randint(1, 9)
        events += encoder.output(1.0, data[:length])[0]
        data = data[length:]
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), HEADER.encode() + events)
        assert [hit["line"] for hit in found(Path(folder), text)] == [line for line in lines if text in line]
