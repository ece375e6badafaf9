"""What is left of a program's output for a log; the values follow ECMA-48 and xterm's control sequences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troubleshooter_agent.plaintext import PlainText

PLAIN = {
    "text": ("naïve 世界 🙂", "naïve 世界 🙂"),
    "line ends and tabs": ("a\tb\r\nc\n", "a\tb\nc\n"),
    "colours": ("\x1b[1;31mred\x1b[0m", "red"),
    "sequence with intermediates": ("\x1b[4 qa", "a"),
    "private modes": ("\x1b[?2004h$ ", "$ "),
    "title ended by BEL": ("\x1b]0;title\x07a", "a"),
    "title ended by ST": ("\x1b]0;title\x1b\\a", "a"),
    "device control string": ("\x1bP1$r0m\x1b\\a", "a"),
    "two characters": ("\x1b7\x1b(Ba\x1b8", "a"),
    "controls": ("a\x00\x07\x08\x0e\x7f\x9bb", "ab"),
    "broken off by a control": ("\x1b[3\x07a", "a"),
    "broken off by another": ("\x1b]0;ti\x1b[31ma", "a"),
    "broken off by a character": ("\x1b[3éa", "éa"),
}


@pytest.mark.parametrize(("output", "plain"), PLAIN.values(), ids=PLAIN)
def test_only_what_can_be_read_is_left(output: str, plain: str) -> None:
    assert PlainText().feed(output) == plain


@pytest.mark.parametrize(("output", "plain"), PLAIN.values(), ids=PLAIN)
def test_it_does_not_matter_how_output_is_cut(output: str, plain: str) -> None:
    text = PlainText()
    assert "".join(text.feed(character) for character in output) == plain


def test_sequence_that_never_ends_hides_no_more_than_its_longest() -> None:
    text = PlainText()
    assert text.feed("\x1b]" + "x" * 4096) == ""
    assert text.feed("found again\n") == "found again\n"


@given(st.lists(st.text(alphabet="\x1b[]P\\;0m\x07 aé\n"), max_size=20))
def test_readable_part_is_never_longer_nor_holds_controls(pieces: list[str]) -> None:
    text = PlainText()
    for piece in pieces:
        plain = text.feed(piece)
        assert len(plain) <= len(piece)
        assert "\x1b" not in plain
        assert "\x07" not in plain
