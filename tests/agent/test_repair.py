"""A cast cut anywhere opens again, in the reference player and by the rules of all others."""

import subprocess
from pathlib import Path

import players
import pytest
from casts import ASCIINEMA

from troubleshooter_agent import repair
from troubleshooter_agent.asciicast import Event
from troubleshooter_agent.repair import Repair, examine, examine_file

HEADER = b'{"version":2,"width":80,"height":24,"timestamp":1795372803,"env":{"TERM":"xterm"}}\n'
STARTED = b'[0.0,"m","recording started"]\n'
HELLO = '[0.5,"o","h\\u001b[1m\u00f6\U0001f642\\r\\n"]\n'.encode()
RESIZED = b'[0.6,"r","120x40"]\n'
BYTES = b'[1.25,"b","Zv9i"]\n'
BYTES_SHOWN = '[1.25,"o","f\ufffdb"]\n'.encode()
ENDED = b'[2.0,"m","session ended: exit status 0"]\n'
LINES = (HEADER, STARTED, HELLO, RESIZED, BYTES, BYTES_SHOWN)
CAST = b"".join(LINES)
BARE = b'{"version":2,"width":80,"height":24}\n'


def mended(cast: bytes, reason: str = "killed") -> bytes:
    """The file after its repair."""
    found = examine(cast, reason)
    assert found.size == len(cast)
    return cast[: found.keep] + found.append


def marker(time: str, reason: str = "killed") -> bytes:
    return f'[{time},"m","session ended: {reason}"]\n'.encode()


# Of a cast cut in the line after these: the marker's time, and what the players then show.
AFTER = (
    (BARE, "0.0", ""),
    (HEADER, "0.0", ""),
    (HEADER + STARTED, "0.0", ""),
    (HEADER + STARTED + HELLO, "0.5", "h\x1b[1m\u00f6\U0001f642\r\n"),
    (HEADER + STARTED + HELLO + RESIZED, "0.6", "h\x1b[1m\u00f6\U0001f642\r\n"),
    (HEADER + STARTED + HELLO + RESIZED + BYTES, "1.25", "h\x1b[1m\u00f6\U0001f642\r\n"),
    (CAST, "1.25", "h\x1b[1m\u00f6\U0001f642\r\nf\ufffdb"),
)


def test_cast_cut_at_each_offset_opens(tmp_path: Path) -> None:
    """What is whole is kept, also a last line that lacks nothing but its newline."""
    results: dict[bytes, str] = {}
    for cut in range(len(CAST) + 1):
        whole = sum(len(b"".join(LINES[: count + 1])) <= cut + 1 for count in range(len(LINES)))
        kept, time, shown = AFTER[whole]
        assert mended(CAST[:cut]) == kept + marker(time), cut
        results[kept + marker(time)] = shown
    assert len(results) == len(AFTER)
    for number, (cast, shown) in enumerate(results.items()):
        assert players.refuses(cast) == ""
        path = tmp_path / f"{number}.cast"
        path.write_bytes(cast)
        assert players.cat(path) == shown.encode()


def test_reference_player_does_not_open_a_torn_cast(tmp_path: Path) -> None:
    """Or there would be nothing to repair."""
    cast = tmp_path / "torn.cast"
    cast.write_bytes(CAST[:-5])
    result = subprocess.run(
        [ASCIINEMA, "cat", str(cast)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
    assert result.returncode != 0


@pytest.mark.parametrize(
    ("cast", "expected"),
    [
        pytest.param(CAST + b"\n\n\n", CAST + marker("1.25"), id="blank lines"),
        pytest.param(CAST + b" \r\n", CAST + marker("1.25"), id="white space"),
        pytest.param(CAST + bytes(5000), CAST + marker("1.25"), id="NULs of a lost node"),
        pytest.param(CAST[:-3] + bytes(5000), CAST[: -len(BYTES_SHOWN)] + marker("1.25"), id="NULs in it"),
        pytest.param(CAST + bytes(3) + b"\n" + bytes(3), CAST + marker("1.25"), id="NULs and a newline"),
        pytest.param(CAST + b'[3,"o"\n[4,"o","', CAST + marker("1.25"), id="two torn lines"),
        pytest.param(CAST + b'[3,"o","x",1]\n', CAST + marker("1.25"), id="four elements"),
        pytest.param(CAST + b'[3,"o",{}]\n', CAST + marker("1.25"), id="an object as text"),
        pytest.param(CAST + b'[3,"o","\xff"]\n', CAST + marker("1.25"), id="no UTF-8"),
        pytest.param(CAST + b'[3,"o","\\ud800"]\n', CAST + marker("1.25"), id="a lone surrogate"),
        pytest.param(CAST + b'[true,"o","x"]\n', CAST + marker("1.25"), id="no time"),
        pytest.param(CAST + b'[1e999,"o","x"]\n', CAST + marker("1.25"), id="a time without end"),
        pytest.param(CAST + b"# a comment\n", CAST + marker("1.25"), id="a comment"),
        pytest.param(CAST[:-1], CAST + marker("1.25"), id="no newline"),
        pytest.param(HEADER, HEADER + marker("0.0"), id="only a header"),
        pytest.param(HEADER[:-1], HEADER + marker("0.0"), id="only a header, no newline"),
        pytest.param(HEADER[:20], BARE + marker("0.0"), id="a torn header"),
        pytest.param(b"", BARE + marker("0.0"), id="nothing"),
        pytest.param(b"\n", BARE + marker("0.0"), id="one newline"),
        pytest.param(bytes(9000), BARE + marker("0.0"), id="nothing but NULs"),
        pytest.param(CAST + ENDED, CAST + ENDED, id="whole"),
        pytest.param(CAST + ENDED[:-1], CAST + ENDED, id="whole, no newline"),
        pytest.param(CAST + ENDED[:-4], CAST + marker("1.25"), id="torn in its end"),
        pytest.param(CAST + ENDED + b"\n", CAST + ENDED, id="whole, and a blank line"),
        pytest.param(CAST + ENDED + b"[3", CAST + ENDED, id="whole, and a torn line"),
        pytest.param(CAST + ENDED + bytes(9), CAST + ENDED, id="whole, and NULs"),
        pytest.param(
            CAST + b'[2,"o","session ended: not so"]\n',
            CAST + b'[2,"o","session ended: not so"]\n' + marker("2.0"),
            id="output that says it ended",
        ),
    ],
)
def test_cast_opens_after_its_repair(tmp_path: Path, cast: bytes, expected: bytes) -> None:
    """Expected is the whole file; asciinema and the rules of the other players have the last word."""
    assert mended(cast) == expected
    assert examine(cast, "killed").is_needed == (cast != expected)
    assert players.refuses(expected) == ""
    path = tmp_path / "mended.cast"
    path.write_bytes(expected)
    players.cat(path)


def test_repair_of_a_repaired_cast_is_not_needed() -> None:
    """Whatever was wrong, once is enough; the first reason stays."""
    for cut in range(len(CAST)):
        once = mended(CAST[:cut])
        again = examine(once, "another reason")
        assert (again.is_needed, again.keep, again.append) == (False, len(once), b"")


def test_last_event_is_told() -> None:
    """The table of recordings takes the length from it."""
    assert examine(CAST + b"[9", "").last == Event(1.25, "o", "f\ufffdb")
    assert examine(HEADER, "").last is None


def test_reason_is_in_the_marker() -> None:
    """Whatever it says, the line stays one line."""
    assert mended(CAST, 'a "node"\nwas lost\u2028') == (
        CAST + b'[1.25,"m","session ended: a \\"node\\"\\nwas lost\\u2028"]\n'
    )


class Disk:
    """A file that counts what was read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.read_bytes = 0

    def read(self, offset: int, length: int) -> bytes:
        self.read_bytes += length
        return self.content[offset : offset + length]

    def examine(self) -> Repair:
        return examine_file(self.read, len(self.content), "killed")


def test_only_the_end_of_a_large_file_is_read() -> None:
    """PID 1 has a second for it."""
    disk = Disk(CAST + HELLO * 1_000_000 + b"[9")
    found = disk.examine()
    assert (found.keep, found.append) == (len(disk.content) - 2, marker("0.5"))
    assert disk.read_bytes == repair.TAIL_BYTES


@pytest.mark.parametrize("mebibytes", [3, 4, 5, 9, 13])
def test_last_whole_line_is_found_before_any_tail(mebibytes: int) -> None:
    """A lost node can leave more NULs than are read at a time."""
    disk = Disk(CAST + bytes(mebibytes << 20))
    found = disk.examine()
    assert (found.keep, found.append) == (len(CAST), marker("1.25"))


@pytest.mark.parametrize("before", range(-3, 4))
def test_line_across_the_border_of_what_is_read_is_found(before: int) -> None:
    """One that is whole, and begins just before or behind the border."""
    disk = Disk(CAST + HELLO + bytes(repair.TAIL_BYTES - len(HELLO) + before))
    found = disk.examine()
    assert (found.keep, found.append) == (len(CAST + HELLO), marker("0.5"))


def test_longest_line_across_the_border_is_found() -> None:
    """64 KiB of control characters take six bytes each."""
    line = b'[3.0,"o","' + b"\\u0000" * 65_536 + b'"]\n'
    disk = Disk(CAST + line + bytes(repair.TAIL_BYTES - 100))
    found = disk.examine()
    assert (found.keep, found.append) == (len(CAST + line), marker("3.0"))


@pytest.mark.parametrize("header", [b'{"version":2}', b'{"version":2,"width":0,"height":24}'])
def test_header_that_no_player_takes_is_replaced(header: bytes) -> None:
    found = examine(header, "killed")
    assert found.keep == 0
    assert found.append == (b'{"version":2,"width":80,"height":24}\n[0.0,"m","session ended: killed"]\n')
