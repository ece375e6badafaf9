"""What recorded output may be made of, for the tests of readers, and what a terminal shows of it."""

from hypothesis import strategies as st

from troubleshooter_agent.interpreter import Interpreter
from troubleshooter_agent.painter import paint

PAINTING = [
    "text é🙂\u200d\ufe0f\u202e\ufffd",
    "\r\n\t\b\v\f",
    "\x1b[1;3;4;38;5;12;48;2;1;2;3m",
    "\x1b[4:3;38:2::1:2:3m",
    "\x1b[0m",
    "\x1b[m",
    "\x1b[5A\x1b[B\x1b[C\x1b[12D\x1b[E\x1b[F\x1b[7G\x1b[3;4H\x1b[;4f\x1b[2d\x1b[3`\x1b[2a\x1b[2e",
    "\x1b[J\x1b[1J\x1b[2J\x1b[K\x1b[0K\x1b[1K\x1b[2K\x1b[4X",
    "\x1b[@\x1b[2P\x1b[3L\x1b[4M\x1b[2S\x1b[2T\x1b[2I\x1b[2Z",
    "x\x1b[7b",
    "\x1b[2;20r\x1b[r",
    "\x1b[s\x1b[u\x1b7\x1b8\x1bD\x1bE\x1bM\x1b#8",
    "\x1b(0lqk\x1b(B\x0e\x0f\x1b)0",
    "\x1b[?1049h\x1b[?1049l\x1b[?47;25h\x1b[?7l\x1b[4h",
]
SEQUENCES = st.one_of(
    st.builds("\x1b[{}{}".format, st.integers(0, 12), st.sampled_from("@ABCDEFGIJKLMPSTXZ`ade")),
    st.builds("\x1b[{};{}{}".format, st.integers(0, 8), st.integers(0, 12), st.sampled_from("Hfr")),
    st.builds("\x1b[{}m".format, st.sampled_from(["", "1", "31", "44", "7", "38;5;9", "48:2::1:2:3", "0"])),
    st.builds(
        "\x1b[?{}{}".format,
        st.sampled_from([5, 6, 7, 25, 47, 1047, 1048, 1049]),
        st.sampled_from("hl"),
    ),
    st.sampled_from(
        ["\x1b7", "\x1b8", "\x1b[4h", "\x1b[4l", "\x1bM", "\x1bD", "\x1bE", "\x1b(0", "\x1b(B", "\x1b#8"]
    ),
    st.sampled_from(["\r", "\n", "\b", "\t", "\x0e", "\x0f", "\x1bc", "\x1b)0"]),
)
WORDS = st.text(alphabet="abcxyzq -é日🙂\u0301\u200d", max_size=20)
# Output of a program that paints: words and sequences, so that each does something.
PAINTED = st.lists(st.one_of(SEQUENCES, WORDS), max_size=40).map("".join)


def shown(columns: int, rows: int, *pieces: str) -> Interpreter:
    """A terminal after it was fed some output."""
    terminal = Interpreter(columns, rows)
    for piece in pieces:
        terminal.feed(piece)
    return terminal


def looks(terminal: Interpreter) -> str:
    """All that can be told of a terminal, so that two that are alike give the same."""
    return paint(terminal.screen)


def lines(terminal: Interpreter) -> list[str]:
    """What its rows say, without the blanks at their ends."""
    return [line.rstrip() for line in terminal.screen.display]
