"""What readers take, row by row, as it was found by trying asciinema 2.4 and 3.2 and the browser's player.

Our own reader takes more than they do: of a file that would stop or kill one of them it shows all that is
whole, and what it hands to a player is a file that all of them take.
"""

import io
from contextlib import suppress
from pathlib import Path

import players
import pytest
from volumes import ENDED, HEADER, ID, STARTED, put

from troubleshooter_agent import library
from troubleshooter_agent.replay import play
from troubleshooter_agent.volume import ReadingError

BEFORE = '[0.5,"o","before "]\n'
AFTER = '[9.0,"o","after"]\n'


def events(middle: str) -> str:
    return HEADER + STARTED + BEFORE + middle + AFTER + ENDED


def headed(header: str) -> str:
    return header + "\n" + STARTED + BEFORE + AFTER + ENDED


TAKEN = {
    "unknown event": events('[1.0,"zz","x"]\n'),
    "input": events('[1.0,"i","x"]\n'),
    "our bytes": events('[1.0,"b","Zv9i"]\n'),
    "further keys in the header": headed('{"x":{"y":[1,null]},"height":24,"width":80,"version":2}'),
    "empty marker": events('[1.0,"m",""]\n'),
    "marker of any text": events('[1.0,"m","é\\u001b[2J\\n\\u0000"]\n'),
    "resize": events('[1.0,"r","120x40"]\n'),
    "no output": events('[1.0,"o",""]\n'),
    "line separators, escaped": events('[1.0,"m","\\u0085\\u2028\\u2029"]\n'),
}
# Some player refuses these or dies of them; "damaged" is whether our reader says that something was left out.
REFUSED = {
    "fourth element": (events('[1.0,"o","x",1]\n'), True),
    "data is an object": (events('[1.0,"zz",{}]\n'), True),
    "data is null": (events('[1.0,"zz",null]\n'), True),
    "no time": (events('["1.0","o","x"]\n'), True),
    "lone surrogate": (events('[1.0,"o","\\ud800"]\n'), True),
    "blank line": (events("\n"), True),
    "comment": (events("# a comment\n"), True),
    "torn line amid others": (events('[1.0,"o","x\n'), True),
    "NULs amid others": (events("\0" * 100 + "\n"), True),
    "decreasing time": (HEADER + STARTED + BEFORE + '[9.0,"m","x"]\n[1.0,"o","after"]\n' + ENDED, False),
    "negative time": (HEADER + '[-1.0,"m","recording started"]\n' + BEFORE + AFTER + ENDED, False),
    "raw line separator": (events('[1.0,"m","a\u2028b"]\n'), False),
    "raw NEL": (events('[1.0,"m","a\u0085b"]\n'), False),
    "resize to 0x0": (events('[1.0,"r","0x0"]\n'), False),
    "resize without rows": (events('[1.0,"r","120"]\n'), False),
    "resize beyond 65535": (events('[1.0,"r","65536x24"]\n'), False),
    "width 0": (headed('{"version":2,"width":0,"height":24}'), False),
    "no height": (headed('{"version":2,"width":80}'), False),
    "height beyond 65535": (headed('{"version":2,"width":80,"height":65536}'), False),
    "float timestamp": (headed('{"version":2,"width":80,"height":24,"timestamp":1.5}'), False),
    "variable that is no string": (headed('{"version":2,"width":80,"height":24,"env":{"A":1}}'), False),
    "torn end": (events("")[:-5], False),
    "NULs at the end": (events("") + "\0" * 5000, False),
    "no newline at the end": (events("")[:-1], False),
}


def shown(root: Path) -> tuple[str, bool]:
    """What our reader shows, and whether it says that something was left out."""
    out = io.BytesIO()
    try:
        library.cat(root, ID, out)
    except ReadingError:
        return out.getvalue().decode(), True
    return out.getvalue().decode(), False


def copied(root: Path) -> Path:
    """What our reader hands to a player."""
    copy = root / "copy.cast"
    assert play(root, ID, player=("cp", "/dev/stdin", str(copy))) == 0
    return copy


@pytest.mark.parametrize("cast", TAKEN.values(), ids=TAKEN)
def test_what_all_players_take_is_taken(tmp_path: Path, cast: str) -> None:
    path = put(tmp_path, cast)
    assert players.refuses(cast.encode()) == ""
    assert players.cat(path) == b"before after"
    assert shown(tmp_path) == ("before after", False)
    assert players.cat(copied(tmp_path)) == b"before after"


@pytest.mark.parametrize(("cast", "damaged"), REFUSED.values(), ids=REFUSED)
def test_what_a_player_refuses_is_shown_and_mended_for_it(
    tmp_path: Path, cast: str, *, damaged: bool
) -> None:
    put(tmp_path, cast)
    assert shown(tmp_path) == ("before after", damaged)
    copy = copied(tmp_path)
    assert players.refuses(copy.read_bytes()) == ""
    assert players.cat(copy) == b"before after"


@pytest.mark.parametrize("cast", [cast for cast, _ in REFUSED.values()], ids=REFUSED)
def test_rules_of_the_players_know_each_of_these(cast: str) -> None:
    """What our recorder writes is held against these rules, so they must be able to say no."""
    why = "no JSON, or of another shape"
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        why = players.refuses(cast.encode())
    assert why
