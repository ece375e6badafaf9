"""The lines of the container's log for one session; docs/recording-format.md has their form."""

import json

from hypothesis import given
from hypothesis import strategies as st

from troubleshooter_agent.asciicast import Event
from troubleshooter_agent.logline import LogLines

FACTS = {"session": "k3v9q2ab", "namespace": "shop", "name": "dns-is-slow", "user": "alice"}


def test_line_is_an_event_as_log_collectors_take_it() -> None:
    (line,) = LogLines(FACTS, started=1795372803.5).event(Event(2.25, "o", "\x1b[31mno such host\x1b[0m\r\n"))
    assert json.loads(line) == {
        "@timestamp": "2026-11-22T18:40:05.750Z",
        "message": "no such host\n",
        "troubleshooter": {
            "session": "k3v9q2ab",
            "namespace": "shop",
            "name": "dns-is-slow",
            "user": "alice",
            "sequence": 0,
            "time": 2.25,
            "kind": "o",
            "data": "\x1b[31mno such host\x1b[0m\r\n",
            "last": True,
        },
    }
    assert (line.endswith(b"\n"), line.count(b"\n")) == (True, 1)


def test_input_and_header_are_there_but_not_to_be_read() -> None:
    """What was typed is shown by the echo, or hidden on purpose."""
    lines = LogLines(FACTS, 0.0)
    told = [json.loads(line) for line in (*lines.header({"version": 2}), *lines.event(Event(1.0, "i", "pw")))]
    assert [(line["message"], line["troubleshooter"]["data"]) for line in told] == [
        ("", '{"version":2}'),
        ("", "pw"),
    ]
    assert [line["troubleshooter"]["sequence"] for line in told] == [0, 1]


@given(st.text(min_size=1, max_size=30_000) | st.text(alphabet="\x00\x1b", min_size=3000, max_size=9000))
def test_long_event_goes_on_in_the_next_line_at_a_whole_character(text: str) -> None:
    """4,096 bytes is what a pipe takes at once (PIPE_BUF, pipe(7)); the kubelet's lines hold 16 KiB."""
    lines = list(LogLines(FACTS, 0.0).event(Event(1.0, "o", text)))
    assert max(map(len, lines)) <= 4096
    told = [json.loads(line)["troubleshooter"] for line in lines]
    assert "".join(line["data"] for line in told) == text
    assert [line["sequence"] for line in told] == list(range(len(lines)))
    assert [line["last"] for line in told] == [*[False] * (len(lines) - 1), True]
