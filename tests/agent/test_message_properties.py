"""What holds for anything that a stranger may send, and for anything that is to be told."""

import contextlib
import hashlib
import json
from typing import Any

import orjson
import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from troubleshooter_agent import channel
from troubleshooter_agent.contract import (
    DurationError,
    SessionReport,
    SizeError,
    TerminationMessage,
    format_duration,
    parse_duration,
    parse_size,
)
from troubleshooter_agent.request import Attach, Request, is_id, parse_request
from troubleshooter_agent.summary import Summary, line_of, next_chain
from troubleshooter_agent.termination import termination_message

pytestmark = pytest.mark.property

any_text = st.text(st.characters() | st.sampled_from("\udcff\ud800\u2028\0"))  # lone surrogates too
any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
words = st.text(st.characters(max_codepoint=255, exclude_characters="\0"))
arguments = st.binary().map(lambda word: word.replace(b"\0", b"?").decode(errors="surrogateescape"))
almost = st.fixed_dictionaries(
    {
        "argv": st.lists(words) | any_json,
        "user": st.text() | any_json,
        "environment": st.dictionaries(words, words) | any_json,
        "folder": words | any_json,
        "size": st.none() | st.lists(st.integers(), min_size=2, max_size=2) | any_json,
    }
)


almost_attach = st.fixed_dictionaries(
    {
        "id": st.text() | any_json,
        "user": st.text() | any_json,
        "size": st.lists(st.integers(), min_size=2, max_size=2) | any_json,
        "view": st.booleans() | any_json,
    }
)


@examples
@given(
    message=st.dictionaries(st.text(), any_json)
    | st.fixed_dictionaries({"open": almost | any_json})
    | st.fixed_dictionaries({"attach": almost_attach | any_json})
)
def test_any_message_is_a_request_or_none(message: dict[str, Any]) -> None:
    match parse_request(channel.Packet(message, [0, 1, 2])):
        case Request() as request:
            assert "\0" not in "".join((*request.argv, *request.environment.values()))
        case Attach() as attach:
            assert attach.id == "" or is_id(attach.id)


@examples
@given(
    argv=st.lists(arguments).map(tuple),
    user=st.text(max_size=100),
    environment=st.dictionaries(arguments.filter(lambda name: name and "=" not in name), arguments),
    folder=arguments,
    size=st.none() | st.tuples(st.integers(0, 65_535), st.integers(0, 65_535)),
)
def test_request_arrives_as_it_was_sent(
    argv: tuple[str, ...], user: str, environment: dict[str, str], folder: str, size: tuple[int, int] | None
) -> None:
    """Words that are no UTF-8 too."""
    request = Request(argv, user, environment, folder, size)
    message = json.loads(json.dumps(request.to_message()))
    assert parse_request(channel.Packet(message, [0, 1, 2])) == request


@examples
@given(packet=st.binary(min_size=1) | any_json.map(lambda value: json.dumps(value).encode()))
def test_any_packet_is_a_message_or_the_end(packet: bytes) -> None:
    ours, theirs = channel.pair()
    with ours, theirs:
        theirs.send(packet)
        try:
            found = channel.receive(ours)
        except channel.ChannelClosedError:
            return
        assert found == channel.Packet(orjson.loads(packet), [])


@examples
@given(
    users=st.lists(any_text, max_size=60),
    sentence=any_text,
    files=st.text(max_size=300),
    counts=st.integers(0, 1 << 53),
)
def test_termination_message_fits_and_tells_of_the_newest(
    users: list[str], sentence: str, files: str, counts: int
) -> None:
    sessions = [report(number, user, files) for number, user in enumerate(users)]
    content = termination_message(
        TerminationMessage(
            reason="IdleTimeout", message=sentence, endedAt="2026-11-22T18:41:03Z", sessionCount=counts,
            recordedBytes=counts, recordingFailures=counts, chain="f" * 64, sessions=sessions,
        )
    )  # fmt: skip
    assert len(content) <= 4000
    told = json.loads(content)["sessions"]
    assert [session["id"] for session in told] == [session["id"] for session in sessions[: len(told)]]
    assert all(len(session["user"].encode()) <= 128 for session in told)


def report(number: int, user: str, file: str) -> SessionReport:
    return SessionReport(
        id=f"{number:08d}", user=user, startedAt="2026-11-22T18:40:03Z", endedAt=None, exitCode=None,
        bytes=1234, sha256="0" * 64, file=file,
    )  # fmt: skip


@examples
@example(texts=["\udcff"] * 4, hashes=[])
@given(texts=st.lists(any_text, min_size=4, max_size=4), hashes=st.lists(st.binary(max_size=4)))
def test_summary_is_one_line_and_the_chain_is_that_of_the_document(
    texts: list[str], hashes: list[bytes]
) -> None:
    """A file's name need not be UTF-8 either."""
    user, why, file, failure = texts
    summary = Summary(
        id="a", user=user, verified=False, run=1, startedAt="", endedAt="", exitCode=None, why=why, bytes=1,
        sha256=None, file=file, failure=failure,
    )  # fmt: skip
    line = line_of(summary)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    assert json.loads(line)["file"] == file.encode(errors="replace").decode()
    chain = expected = ""
    for content in hashes:
        digest = hashlib.sha256(content).hexdigest()
        chain, expected = (
            next_chain(chain, digest),
            hashlib.sha256(f"{expected}{digest}".encode()).hexdigest(),
        )
    assert chain == expected


@examples
@given(seconds=st.integers(0, 999 * 3600))
def test_duration_is_read_as_it_was_written(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@examples
@given(text=any_text | st.from_regex(r"\d{0,6}[hmsKG]?i?\d*[hms]?"))
def test_any_text_is_a_duration_or_a_size_or_refused(text: str) -> None:
    for parse, refusal in ((parse_duration, DurationError), (parse_size, SizeError)):
        with contextlib.suppress(refusal):
            assert parse(text) >= 0
