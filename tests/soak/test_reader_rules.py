"""What readers take and what some of them refuse or die of, tried on the readers themselves.

The rows stand behind the rules of support/players.py, by which all other tests judge recordings: what one
reader refuses the rules refuse, and what the recorder writes all of them show.
"""

import json
from pathlib import Path

import players
import pytest
from browser import Browser
from programs import Asciinema3, shows_2

pytestmark = pytest.mark.soak

STARTED = b'[0.0,"m","recording started"]\n'
BEFORE = b'[1.0,"o","before"]\n'
AFTER = b'[2.0,"o","after"]\n'
SECONDS = 5.0


def cast(event: bytes = b"", tail: bytes = b"", **header: object) -> bytes:
    """A cast with something in its middle, at its end or in its header; None takes a key away."""
    keys = {"version": 2, "width": 60, "height": 5, **header}
    first = json.dumps({key: value for key, value in keys.items() if value is not None}).encode() + b"\n"
    return first + STARTED + BEFORE + event + AFTER + tail


WRITTEN = {
    "nothing special": cast(),
    "an unknown code with a string": cast(b'[1.5,"zz","x"]\n'),
    "exact bytes": cast(b'[1.5,"b","/w=="]\n'),
    "further keys in the header": cast(troubleshooter={"user": "x", "more": [{"a": None}]}),
    "an empty marker": cast(b'[1.5,"m",""]\n'),
    "a marker with an escape": cast('[1.5,"m","é\\u001b[2J"]\n'.encode()),
    "a new size": cast(b'[1.5,"r","50x4"]\n'),
    "a large size": cast(b'[1.5,"r","2000x500"]\n[1.6,"r","50x4"]\n'),
    "escaped line ends": cast(b'[1.5,"o","\\u0085\\u2028\\u2029"]\n'),
    "a line of 4 MB": cast(b'[1.5,"o","' + b"x" * (4 << 20) + b'\\r\\n"]\n'),
    "a marker in the end": cast(tail=b'[2.0,"m","session ended: killed"]\n'),
}
# Who does not show all of it: asciinema 2.4, 3.2, asciinema-player.
REFUSED = {
    "an object as text": (cast(b'[1.5,"zz",{}]\n'), {"3.2"}),
    "null as text": (cast(b'[1.5,"zz",null]\n'), {"3.2"}),
    "a fourth element": (cast(b'[1.5,"o","x",1]\n'), {"2.4", "3.2"}),
    "a negative time": (cast(b'[-1.0,"o","x"]\n'), {"3.2"}),
    "no width": (cast(width=None), {"3.2", "player"}),
    "too large a width": (cast(width=70_000), {"3.2"}),
    "a timestamp that is no integer": (cast(timestamp=1.5), {"3.2"}),
    "a variable that is no string": (cast(env={"TERM": 1}), {"3.2"}),
    "a size without rows": (cast(b'[1.5,"r","120"]\n'), {"3.2"}),
    "no size": (cast(b'[1.5,"r","0x0"]\n'), {"player"}),
    "a blank line": (cast(b"\n"), {"2.4"}),
    "a comment": (cast(b"# x\n"), {"2.4", "3.2"}),
    "NULs in the end": (cast(tail=bytes(20)), {"2.4", "3.2"}),
    "a torn line in the middle": (cast(b'[1.5,"o","x\n'), {"2.4", "3.2", "player"}),
    "a torn line in the end": (cast(tail=b'[3.0,"o","x'), {"2.4", "3.2", "player"}),
    "a lone surrogate": (cast(b'[1.5,"o","\\ud800"]\n'), {"2.4", "3.2"}),
    "only a header": (cast().partition(b"\n")[0] + b"\n", {"2.4", "3.2", "player"}),
}


def test_browser_s_player_dies_of_the_widest_terminals(
    tmp_path: Path, asciinema_3: Asciinema3, player: Browser
) -> None:
    """Of our own sizes the one thing that not all readers show; the page of the format says so."""
    content = cast(width=65_535)
    assert players.refuses(content) == ""
    assert who_does_not_show(content, tmp_path, asciinema_3, player) == {"player"}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_all_readers_show(name: str, tmp_path: Path, asciinema_3: Asciinema3, player: Browser) -> None:
    assert players.refuses(WRITTEN[name]) == ""
    assert who_does_not_show(WRITTEN[name], tmp_path, asciinema_3, player) == set()


@pytest.mark.parametrize("name", REFUSED)
def test_what_some_reader_refuses(
    name: str, tmp_path: Path, asciinema_3: Asciinema3, player: Browser
) -> None:
    content, who = REFUSED[name]
    assert players.refuses(content) != ""
    assert who_does_not_show(content, tmp_path, asciinema_3, player) == who


def who_does_not_show(content: bytes, home: Path, asciinema_3: Asciinema3, player: Browser) -> set[str]:
    path = home / "x.cast"
    path.write_bytes(content)
    played = player.play(content, SECONDS)
    shown = {
        "2.4": shows_2(path, home, SECONDS) or b"",
        "3.2": asciinema_3.shows(path, SECONDS) or b"",
        "player": "\n".join(played.lines).encode() if played.ended and not played.error else b"",
    }
    return {name for name, text in shown.items() if b"after" not in text}
