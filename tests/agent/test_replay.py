"""Playing a recording: the real player gets a copy that can do no more than paint."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import players
import pytest
from volumes import BROKEN_UTF8, ENDED, HEADER, HELLO, ID, STARTED, WHOLE, environment, put

from troubleshooter_agent.replay import play
from troubleshooter_agent.volume import ReadingError

NO_END = '[0.5,"m","session ended: its end is not recorded yet"]\n'
OURS = '{"version":2,"width":80,"height":24,"timestamp":1795372803,"env":{},"troubleshooter":{}}\n'


def test_whole_recording_is_played(tmp_path: Path) -> None:
    """To the end, with the player's own exit status."""
    put(tmp_path, HEADER + STARTED + HELLO + BROKEN_UTF8 + '[1.5,"m","session ended: exit status 7"]\n')
    with playing(tmp_path, ID) as player:
        player.expect_exact("hello \x1b[1mwörld\x1b[0m\r\n")
        player.expect_exact("f\ufffdb")
        player.expect(pexpect.EOF)
        assert player.wait() == 0


@pytest.mark.parametrize(
    "cast",
    [
        pytest.param(HEADER + STARTED + HELLO + BROKEN_UTF8 + '[1.5,"m","sess', id="torn"),
        pytest.param(HEADER + STARTED + HELLO + BROKEN_UTF8, id="running"),
        pytest.param(HEADER + STARTED + HELLO + BROKEN_UTF8 + "\0" * 5000, id="NULs"),
    ],
)
def test_unfinished_recording_is_played_as_far_as_it_goes(tmp_path: Path, cast: str) -> None:
    """The file itself is left as it is."""
    path = put(tmp_path, cast)
    with playing(tmp_path, ID) as player:
        player.expect_exact("hello \x1b[1mwörld\x1b[0m\r\n")
        player.expect_exact("f\ufffdb")
        player.expect(pexpect.EOF)
        assert player.wait() == 0
    assert path.read_bytes() == cast.encode()


def test_person_can_end_it(tmp_path: Path) -> None:
    """Ctrl-C is the player's: it restores the terminal and exits with 1."""
    put(tmp_path, HEADER + STARTED + HELLO + '[9000.0,"o","never"]\n')
    with playing(tmp_path, ID) as player:
        player.expect_exact("hello")
        player.sendcontrol("c")
        player.expect(pexpect.EOF)
        assert player.wait() == 1


def test_exit_status_of_the_player_passes_through(tmp_path: Path) -> None:
    """Also of one that a signal ended, and of one that reads nothing."""
    put(tmp_path, WHOLE)
    assert play(tmp_path, ID, player=("sh", "-c", "exit 5")) == 5
    assert play(tmp_path, ID, player=("sh", "-c", "kill -9 $$")) == 137
    put(tmp_path, HEADER + HELLO * 100_000)
    assert play(tmp_path, ID, player=("sh", "-c", "exit 6")) == 6


def test_unfinished_recording_reaches_the_player_mended(tmp_path: Path) -> None:
    """Whole lines, and a marker that says why there are no more."""
    put(tmp_path, HEADER + STARTED + HELLO + '[0.7,"o","lo')
    assert copied(tmp_path) == OURS + STARTED + HELLO.replace("\\u00f6", "ö") + NO_END
    assert players.refuses(copied(tmp_path).encode()) == ""


def test_copy_has_times_and_sizes_and_can_only_paint(tmp_path: Path) -> None:
    """No header but ours, no event of another kind, no sequence, cut or whole, that does more."""
    header = HEADER.replace(
        '"env":', '"title":"\\u001b]0;evil\\u0007","idle_time_limit":0.1,"theme":{},"env":'
    )
    events = [
        '[0.5,"o","a\\u001b]52;c;ZX"]',
        '[1.5,"o","Zp\\u0007b\\u001b[?1000h\\u001b[31m"]',
        '[2.0,"r","120x40"]',
        '[2.0,"r","0x0"]',
        '[2.0,"r","evil"]',
        '[2.5,"b","Zv9i"]',
        '[2.5,"o","f\ufffdb"]',
        '[1.0,"o","back in time"]',
        '[3.0,"i","typed"]',
        '[3.0,"o",""]',
        '[3.5,"m","\\u001b]0;evil\\u0007"]',
    ]
    put(tmp_path, header + STARTED + "".join(f"{event}\n" for event in events) + ENDED)
    assert copied(tmp_path) == OURS + STARTED + (
        '[0.5,"o","a"]\n[1.5,"o","b\\u001b[31m"]\n[2.0,"r","120x40"]\n[2.5,"o","f\ufffdb"]\n'
        '[2.5,"o","back in time"]\n[3.5,"m","\\\\x1b]0;evil\\\\x07"]\n[65.25,"o","\\u001b[0m"]\n' + ENDED
    )
    assert players.refuses(copied(tmp_path).encode()) == ""


@pytest.mark.parametrize(
    "header",
    [
        '{"version":2}',
        '{"version":2,"width":0,"height":-5}',
        '{"version":2,"width":"80","height":null,"timestamp":"now"}',
        '{"version":2,"width":1e9,"height":24,"timestamp":1e300}',
    ],
)
def test_header_of_a_stranger_becomes_one_that_players_take(tmp_path: Path, header: str) -> None:
    put(tmp_path, header + "\n" + STARTED)
    found = copied(tmp_path)
    assert json.loads(found.partition("\n")[0]) == {
        "version": 2, "width": 80, "height": 24, "timestamp": 0, "env": {}, "troubleshooter": {},
    }  # fmt: skip
    assert players.refuses(found.encode()) == ""


def test_terminal_is_left_clean_wherever_the_player_was_stopped(tmp_path: Path) -> None:
    """Amid a full-screen program, whose last word the player never came to."""
    drawn = '[0.5,"o","\\u001b[?1049h\\u001b[?25l\\u001b[2;5rfull screen"]\n'
    put(tmp_path, HEADER + STARTED + drawn + '[9000.0,"o","\\u001b[?1049l"]\n')
    with playing(tmp_path, ID) as player:
        player.expect_exact("full screen")
        player.sendcontrol("c")
        player.expect_exact("\x1b7\x1b[?1049l\x1b7\x1b[r\x1b8\x1b[?25h")
        player.expect(pexpect.EOF)


def test_without_a_player_there_is_a_way_out(tmp_path: Path) -> None:
    """One sentence with the remedy."""
    put(tmp_path, WHOLE)
    with pytest.raises(ReadingError, match=r"there is no asciinema-x here to play it \(install it"):
        play(tmp_path, ID, player=("asciinema-x", "play"))


def copied(root: Path) -> str:
    """What the player is given."""
    copy = root / "copy"
    assert play(root, ID, player=("cp", "/dev/stdin", str(copy))) == 0
    return copy.read_text()


@contextmanager
def playing(root: Path, wanted: str) -> Iterator["pexpect.spawn[str]"]:
    """`play` in a terminal, with the real player."""
    arguments = ["-m", "troubleshooter_agent", "play", "--recordings", str(root), wanted]
    player = pexpect.spawn(sys.executable, arguments, env=environment(root), encoding="utf-8", timeout=15)
    try:
        yield player
    finally:
        player.close(force=True)
