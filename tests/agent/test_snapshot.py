"""Joining a cast at any point: what is painted there and what follows give the screen of who saw it all."""

import io
import json
import random
import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from screens import PAINTED, lines, looks, shown

from troubleshooter_agent import snapshot as snapshots
from troubleshooter_agent.interpreter import Interpreter
from troubleshooter_agent.snapshot import Snapshot, snapshot
from troubleshooter_agent.tail import tail
from troubleshooter_agent.volume import ReadingError

COLUMNS, ROWS = 20, 5
HEADER = b'{"version":2,"width":20,"height":5}\n[0.0,"m","recording started"]\n'
ENDED = b'[9.0,"m","session ended: exit status 0"]\n'


def cast_of(*outputs: str) -> bytes:
    """A cast with these outputs; those that look like a size are resizes."""
    events = [[1.0, "r" if re.fullmatch(r"\d+x\d+", output) else "o", output] for output in outputs]
    return HEADER + b"".join(
        json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for event in events
    )


def join(content: bytes, length: int) -> tuple[Snapshot, Interpreter]:
    """One who joins after `length` bytes and stays to the end: what is known, and what is seen."""
    cast = io.BytesIO(content)
    found = snapshot(cast, length)
    viewer = shown(found.columns, found.rows, found.paint().decode())
    for event in tail(cast, found.end, is_over=lambda: True):
        if event is not None:
            text = found.feed(event)
            viewer.feed(text)
    return found, viewer


@example(["\x1b[44m\x1b[T\x1b[P"], 107)  # deletes in a line that was never written and is coloured
@example(["\x1b[4B\x1b[44m\x1bD\x1b[m\x1b[P"], 122)  # leaves nothing of that colour in such a line
@given(st.lists(PAINTED, max_size=6), st.integers(0, 600))
def test_who_joins_sees_in_the_end_what_others_see(outputs: Sequence[str], length: int) -> None:
    """At any byte, also amid a line."""
    content = cast_of(*outputs)
    found, viewer = join(content, min(length, len(content)))
    whole = snapshot(io.BytesIO(content), len(content))
    assert looks(viewer) == looks(found.interpreter) == looks(whole.interpreter)


@pytest.mark.parametrize("sequence", ["\x1b[31mred", "\x1b]0;title\x07text", "\x1bPdcs\x1b\\text", "日本"])
def test_sequence_that_two_events_share_is_no_text_to_who_joins_between_them(sequence: str) -> None:
    for cut in range(1, len(sequence)):
        content = cast_of(sequence[:cut], sequence[cut:])
        _, viewer = join(content, len(cast_of(sequence[:cut])))
        assert looks(viewer) == looks(shown(COLUMNS, ROWS, sequence))


def test_pending_is_for_those_who_show_the_rest_as_it_is() -> None:
    assert snapshot(io.BytesIO(cast_of("\x1b[3")), 10_000).pending == "\x1b[3"
    assert snapshot(io.BytesIO(cast_of("\x1b]0;half a ti")), 10_000).pending == "\x1b]"
    assert snapshot(io.BytesIO(cast_of("text")), 10_000).pending == ""


def test_keys_are_sent_as_the_program_wants_them() -> None:
    found = snapshot(io.BytesIO(cast_of("\x1b[?1;2004h\x1b=\x1b[?1000h\x1b[?1000l")), 10_000)
    assert found.input_modes() == b"\x1b[?1h\x1b=\x1b[?2004h"


def test_size_is_that_of_the_last_resize() -> None:
    found = snapshot(io.BytesIO(cast_of("text", "30x4", "more")), 10_000)
    assert (found.columns, found.rows) == (30, 4)
    assert lines(found.interpreter) == ["textmore", "", "", ""]


def test_what_is_no_cast_is_refused() -> None:
    with pytest.raises(ReadingError, match="cannot read it: "):
        snapshot(io.BytesIO(b"something else\n"), 100)


def test_enormous_terminal_costs_no_more_than_a_large_one() -> None:
    content = b'{"version":2,"width":65535,"height":65535}\n[0.0,"o","text"]\n'
    found = snapshot(io.BytesIO(content), len(content))
    assert (found.columns, found.rows) == (1000, 500)


# Long casts, of which not all is read.


def long(*, before: str = "", head: Sequence[str] = (), lines_after: int = 60_000) -> bytes:
    """A cast of a megabyte and more: `head`, lines that scroll, then `before`."""
    flood = [
        "".join(f"line {n}\x1b[0m\r\n" for n in range(at, at + 100)) for at in range(0, lines_after, 100)
    ]
    assert lines_after * 20 > snapshots.WINDOW
    return cast_of(*head, *flood, before)


def test_of_a_long_one_the_end_is_enough() -> None:
    content = long(before="$ ")
    found, viewer = join(content, len(content))
    assert lines(viewer) == ["line 59996", "line 59997", "line 59998", "line 59999", "$"]
    assert looks(viewer) == looks(found.interpreter)


def test_size_modes_and_region_of_long_ago_still_hold() -> None:
    content = long(head=["50x7", "\x1b[?25l\x1b[?2004h\x1b[?1h\x1b[2;6r"])
    found = snapshot(io.BytesIO(content), len(content))
    assert (found.columns, found.rows) == (50, 7)
    assert found.interpreter.screen.cursor.hidden
    assert found.input_modes() == b"\x1b[?1h\x1b[?2004h"
    assert found.interpreter.screen.margins == (1, 5)


def test_size_that_a_program_printed_is_none() -> None:
    """As text it is quoted; an escape that it spelled out is text, too."""
    content = long(head=['[1.0,"r","70x9"]\n\\u001b[?25l\\\\u001b[?1049h'])
    found = snapshot(io.BytesIO(content), len(content))
    assert (found.columns, found.rows, found.is_alternate) == (COLUMNS, ROWS, False)
    assert not found.interpreter.screen.cursor.hidden


def test_full_screen_program_of_long_ago_still_has_both_screens() -> None:
    """What it drew once at its beginning, what it draws again and again, and the shell behind it."""
    drawn = "\x1b[?1049h\x1b[2J\x1b[1;1Hlabel drawn once"
    content = cast_of("$ vim\r\n", drawn, *(f"\x1b[3;1Hcount {n}\x1b[K" for n in range(40_000)))
    assert len(content) > 2 * snapshots.WINDOW
    found, viewer = join(content, len(content))
    assert found.is_alternate
    assert lines(viewer) == ["label drawn once", "", "count 39999", "", ""]
    viewer.feed("\x1b[?1049lback")
    assert lines(viewer) == ["$ vim", "back", "", "", ""]


def test_full_screen_program_that_has_ended_is_gone() -> None:
    content = cast_of("\x1b[?1049hfull", "\x1b[?1049l") + long()[len(HEADER) :]
    assert not snapshot(io.BytesIO(content), len(content)).is_alternate


def test_a_hundred_megabytes_are_joined_within_a_second() -> None:
    """In seconds of the processor, since other tests run beside this one."""
    block = long()[len(HEADER) :]
    content = HEADER + block * (100_000_000 // len(block))
    begin = time.process_time()
    found = snapshot(io.BytesIO(content), len(content))
    found.paint()
    assert time.process_time() - begin < 2
    assert lines(found.interpreter)[-2] == "line 59999"


# What comes after.


def test_tail_gives_what_is_appended_and_waits_for_the_rest_of_a_line() -> None:
    cast = io.BytesIO()
    steps = iter([HEADER, b'[1.0,"o","a', b'bc"]\n[2.0,"o","d"]\n[3.0', b',"o","e"]\n' + ENDED, b"never"])

    def append() -> None:
        cast.seek(0, io.SEEK_END)
        cast.write(next(steps))

    append()
    events = tail(cast, len(HEADER), wait=append)
    assert [event.text if event else None for event in events] == [
        None, None, "abc", "d", None, "e", "session ended: exit status 0",
    ]  # fmt: skip


def test_tail_ends_when_it_is_over_and_all_is_read() -> None:
    over = iter([False, True, True])
    content = cast_of("a", "b")
    events = tail(io.BytesIO(content), len(HEADER), is_over=lambda: next(over), wait=lambda: None)
    assert [event.text for event in events if event] == ["a", "b"]


@pytest.mark.parametrize("filler", [b"", b'[5.0,"zz","longer than any marker is, longer than any marker"]\n'])
def test_tail_leaves_out_what_is_no_event_and_goes_on_after_a_failed_write(filler: bytes) -> None:
    """A write that failed is cut off again; its last marker may be shorter or longer than that was."""
    cast = io.BytesIO(cast_of("a") + b'\x00\x00\n{"version":2}\n[5.0,"o","lost"]\n' + filler)

    def shrink() -> None:
        cast.truncate(len(cast_of("a")))
        cast.seek(0, io.SEEK_END)
        cast.write(ENDED)

    events = tail(cast, len(HEADER), wait=shrink)
    assert [event.text if event else None for event in events if event is None or event.code != "zz"] == [
        "a", "lost", None, "session ended: exit status 0",
    ]  # fmt: skip


def test_joining_at_many_instants_gives_no_other_screen() -> None:
    """With a fixed seed; of a long cast, so that none of them has read it all."""
    chance = random.Random(4)  # noqa: S311 - no secret
    content = long(before="\x1b[1mlast\x1b[0m", lines_after=30_000)
    whole = looks(
        shown(COLUMNS, ROWS, "".join(f"line {n}\x1b[0m\r\n" for n in range(30_000)), "\x1b[1mlast\x1b[0m")
    )
    for _ in range(5):
        _, viewer = join(content, chance.randrange(len(HEADER), len(content)))
        assert looks(viewer) == whole
