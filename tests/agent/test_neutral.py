"""What a recording may do to the terminal of the one who watches it: paint it, and nothing else.

The sequences are literals of ECMA-48, the VT510 manual and xterm's ctlseqs.
"""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from screens import PAINTING

from troubleshooter_agent.neutral import Neutral, neutral

BLANK = "\x1b7\x1b[?1049l\x1b[?6l\x1b[4l\x1b[?5l\x1b[?7h\x1b[?25h\x1b[r\x1b(B\x1b)B\x0f\x1b[0m\x1b[H\x1b[2J"
# Whole sequences that would do more than paint, and what asks a terminal for an answer.
FORBIDDEN = {
    "title": "\x1b]0;evil\x07",
    "icon": "\x1b]1;evil\x1b\\",
    "window title": "\x1b]2;evil\x07",
    "palette": "\x1b]4;1;#ffffff\x07",
    "working directory": "\x1b]7;file://host/\x07",
    "hyperlink": "\x1b]8;;https://example.org\x1b\\",
    "notification": "\x1b]9;evil\x07",
    "colour query": "\x1b]10;?\x07",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "clipboard query": "\x1b]52;c;?\x1b\\",
    "notification of rxvt": "\x1b]777;notify;a;b\x07",
    "iTerm file": "\x1b]1337;File=name=ZXZpbA==;inline=0:ZXZpbA==\x07",
    "8-bit OSC": "\x9d0;evil\x07",
    "8-bit OSC to 8-bit ST": "\x9d0;evil\x9c",
    "DCS": "\x1bPq#0;2;0;0;0~-\x1b\\",
    "DECRQSS": "\x1bP$qm\x1b\\",
    "XTGETTCAP": "\x1bP+q544e\x1b\\",
    "8-bit DCS": "\x90$qm\x9c",
    "DCS with BEL": "\x1bPa\x07b\x1b\\",
    "APC": "\x1b_Ga=T;AAAA\x1b\\",
    "8-bit APC": "\x9fGa\x9c",
    "PM": "\x1b^evil\x1b\\",
    "SOS": "\x1bXevil\x1b\\",
    "DA": "\x1b[c",
    "DA 0": "\x1b[0c",
    "DA2": "\x1b[>c",
    "DA3": "\x1b[=c",
    "8-bit DA": "\x9bc",
    "DECID": "\x1bZ",
    "8-bit DECID": "\x9a",
    "DSR": "\x1b[5n",
    "CPR": "\x1b[6n",
    "DECXCPR": "\x1b[?6n",
    "ENQ": "\x05",
    "XTVERSION": "\x1b[>q",
    "DECRQM": "\x1b[?2004$p",
    "DECREQTPARM": "\x1b[x",
    "report of the size": "\x1b[18t",
    "report of the title": "\x1b[21t",
    "resize": "\x1b[8;10;10t",
    "iconify": "\x1b[2t",
    "XTSMGRAPHICS": "\x1b[?1;1;0S",
    "title modes": "\x1b[>0T",
    "highlight mouse": "\x1b[1;1;1;1;1T",
    "mouse": "\x1b[?1000h",
    "mouse motion": "\x1b[?1003h",
    "SGR mouse": "\x1b[?1006h",
    "focus": "\x1b[?1004h",
    "bracketed paste": "\x1b[?2004h",
    "cursor keys": "\x1b[?1h",
    "VT52": "\x1b[?2l",
    "132 columns": "\x1b[?3h",
    "cursor blink": "\x1b[?12h",
    "synchronized": "\x1b[?2026h",
    "saved modes": "\x1b[?2004s",
    "restored modes": "\x1b[?2004r",
    "keyboard lock": "\x1b[2h",
    "newline mode": "\x1b[20h",
    "keypad": "\x1b=",
    "keypad off": "\x1b>",
    "modifyOtherKeys": "\x1b[>4;2m",
    "kitty keyboard": "\x1b[>1u",
    "kitty keyboard query": "\x1b[?u",
    "cursor shape": "\x1b[2 q",
    "LEDs": "\x1b[1q",
    "conformance": '\x1b[61"p',
    "8-bit controls": "\x1b G",
    "not UTF-8": "\x1b%@",
    "locking shift 2": "\x1bn",
    "single shift": "\x1bN",
    "8-bit single shift": "\x8e",
    "tab stop": "\x1bH",
    "8-bit tab stop": "\x88",
    "tab stops away": "\x1b[3g",
    "print": "\x1b[5i",
    "print screen": "\x1b[?5i",
    "what has scrolled away": "\x1b[3J",
    "memory lock": "\x1bl",
    "charset G2": "\x1b*0",
    "bell": "\x07",
    "NUL": "\x00",
    "DEL": "\x7f",
    "ST alone": "\x1b\\",
    "8-bit ST alone": "\x9c",
    "a number too large": "\x1b[999999999A",
    "too many colours": f"\x1b[{'1;' * 5000}m",
}  # fmt: skip
# Anything a recording may hold, with much of what is dangerous or cut.
PIECES = st.one_of(
    st.sampled_from([*FORBIDDEN.values(), *PAINTING]),
    st.sampled_from(["\x1b", "\x1b[", "\x1b[?", "\x1b]", "\x1bP", "\x9b", "\x9d", "\x18", "\x1a", "\x1bc"]),
    st.text(
        alphabet="\x1b[]?;:0123456789PX^_\\\x07\x9b\x9c>!$ \"'()#hlmrcnqtuABJHs78=éx\n\x0e\x18\x00",
        max_size=12,
    ),
    st.text(max_size=5),
)
OUTPUT = st.lists(PIECES, max_size=12).map("".join)
# A second grammar, of what the output may consist of: written down apart from the filter's own.
ALLOWED = re.compile(
    r"""(?: [^\x00-\x1f\x7f-\x9f] | [\x08-\x0f]
      | \x1b\[ [0-9;]* [@ABCDEFGHIJKLMPSTXZ`abdefr] | \x1b\[ [0-9;:]* m | \x1b\[ [su] | \x1b\[4[hl]
      | \x1b\[\? (?: (?:5|6|7|25|47|1047|1048|1049) ;? )+ [hl]
      | \x1b [78DEM] | \x1b\# [34568] | \x1b[()] [0AB]
    )*""",
    re.VERBOSE,
)


@pytest.mark.parametrize("sequence", FORBIDDEN.values(), ids=FORBIDDEN)
def test_what_does_more_than_paint_is_left_out(sequence: str) -> None:
    assert neutral(f"before{sequence}after") == "beforeafter"


@pytest.mark.parametrize("sequence", FORBIDDEN.values(), ids=FORBIDDEN)
def test_it_is_left_out_wherever_it_is_cut(sequence: str) -> None:
    text = f"before{sequence}after"
    for cut in range(min(len(text), 60)):
        stream = Neutral()
        assert stream.feed(text[:cut]) + stream.feed(text[cut:]) + stream.finish() == "beforeafter"


@pytest.mark.parametrize("sequence", PAINTING)
def test_what_paints_is_left_as_it_is(sequence: str) -> None:
    stream = Neutral()
    assert stream.feed(sequence) == sequence
    assert "".join(map(stream.feed, sequence)) == sequence


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x9b31mred", "\x1b[31mred\x1b[0m"),
        ("a\x85b", "a\x1bEb"),
        ("\x1b[?12;25h", "\x1b[?25h"),
        ("\x1b[?1;2004;1049l", "\x1b[?1049l"),
        ("\x1b[3\n1m", "\n\x1b[31m\x1b[0m"),
        ("\x1b[3\x1b[1mx", "\x1b[1mx\x1b[0m"),
        ("\x1b[3\x18x", "x"),
        ("\x1b[3éx", "éx"),
        ("\x1b]0;a\x1b[1mx", "\x1b[1mx\x1b[0m"),
        ("\x1b]0;a\x9b1mx", "\x1b[1mx\x1b[0m"),
        ("\x1bPa\x1ax", "x"),
        ("\x1bc", BLANK),
        ("\x1b[!p", "\x1b7\x1b[r\x1b8\x1b[4l\x1b[?7h\x1b[?25h\x1b(B\x1b)B\x0f\x1b[0m"),
    ],
)
def test_what_paints_in_another_form_is_brought_into_its_own(text: str, shown: str) -> None:
    assert neutral(text) == shown


@pytest.mark.parametrize(
    ("text", "undone"),
    [
        ("\x1b[1;31mred\x1b[0m", ""),
        ("\x1b[1;31mred", "\x1b[0m"),
        ("\x1b[?1049h\x1b[?25lvim\x1b[?25h\x1b[?1049l", ""),
        ("\x1b[?1049h\x1b[?25lvim", "\x1b7\x1b[?1049l\x1b[?25h"),
        ("\x1b[2;5r", "\x1b7\x1b[r\x1b8"),
        ("\x1b[?6h\x1b7\x1b[?6l\x1b8", "\x1b[?6l"),
        ("\x1b[?7l\x1b[?5h\x1b[4h", "\x1b[4l\x1b[?5l\x1b[?7h"),
        ("\x1b(0lqk", "\x1b(B"),
        ("\x1b)0\x0elqk", "\x1b)B\x0f"),
        ("\x1b]0;an end that never comes", ""),
        ("\x1b[31", ""),
    ],
)
def test_what_is_still_on_at_the_end_is_undone(text: str, undone: str) -> None:
    stream = Neutral()
    stream.feed(text)
    assert stream.finish() == undone


def test_a_stream_left_amid_its_course_can_be_cleaned_up() -> None:
    """A player may have stopped anywhere, so what was ever on is undone."""
    stream = Neutral()
    stream.feed("\x1b[?1049h\x1b[31m\x1b[?1049l\x1b[0m")
    assert stream.leave() == "\x1b7\x1b[?1049l\x1b[0m"


def test_it_knows_what_a_terminal_was_told_of_its_keys() -> None:
    """For one who takes over a session and types into it."""
    stream = Neutral()
    stream.feed("\x1b[?1;2004h\x1b=\x1b[?1000h\x1b[?1006h\x1b[?1006l")
    assert stream.input_modes == {1, 66, 1000, 2004}
    stream.feed("\x1bc")
    assert stream.input_modes == set()


@given(OUTPUT)
def test_output_never_holds_anything_else(text: str) -> None:
    assert ALLOWED.fullmatch(neutral(text))


@given(OUTPUT, st.lists(st.integers(0, 300), max_size=6))
def test_any_cuts_give_the_same(text: str, cuts: list[int]) -> None:
    stream = Neutral()
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert "".join(map(stream.feed, pieces)) + stream.finish() == neutral(text)


@given(OUTPUT)
def test_twice_is_as_good_as_once(text: str) -> None:
    assert neutral(neutral(text)) == neutral(text)


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs"))))
def test_text_is_left_as_it_is(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize("opening", ["\x1b]", "\x1bP", "\x1b[", "\x1b[?", "\x1b(", "\x9b", "\x1b[\n"])
def test_what_never_ends_is_not_kept(opening: str) -> None:
    """A hundred thousand pieces without an end: no memory, and no second look at what was seen."""
    stream = Neutral()
    stream.feed(opening)
    for _ in range(1000):
        stream.feed("1;" * 50)
    assert len(stream.pending) <= 160
    assert stream.feed("\x18plain") == "plain"


@pytest.mark.parametrize(
    "piece", ["\x1b]0;t\x07x", "\x1b[?2004h", "\x00", "\x1b[", "\x1b]", "\x9b", "é", "\x1b[1m"]
)
def test_time_is_linear(piece: str) -> None:
    """Four times as much takes about four times as long, where a square would take sixteen times."""

    def seconds(count: int) -> float:
        text = piece * count
        begin = time.process_time()
        neutral(text)
        return time.process_time() - begin

    seconds(1000)
    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(80_000) for _ in range(3)) < 10 * short + 0.05
