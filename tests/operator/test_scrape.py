"""Asking toolboxes: real sockets, and answers that are slow, endless, or none of the contract."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from resource_objects import POD_UID, finished, pod, running

from troubleshooter_operator.scrape import Reports, Scraper, fetch_status
from troubleshooter_operator.store import Change, Key

BODY = json.dumps(
    {
        "end": "",
        "sessionCount": 0,
        "recordingFailures": 0,
        "lastActivityAt": None,
        "chain": "",
        "sessions": [],
    }
).encode()
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + BODY


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of one connection; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                try:
                    answer(connection)
                except (BrokenPipeError, ConnectionResetError):
                    return  # the other side has had enough

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def drip(connection: socket.socket) -> None:
    gone = threading.Event()
    while True:
        connection.sendall(b"x")
        gone.wait(0.05)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def test_the_body_of_an_answer_is_given() -> None:
    with answering(lambda connection: connection.sendall(GOOD)) as port:
        assert fetch_status("127.0.0.1", port) == BODY


def test_an_answer_in_chunks_is_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with answering(lambda connection: connection.sendall(chunked)) as port:
        assert fetch_status("127.0.0.1", port) == b"abcde"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(drip, "too slowly|timed out", id="a byte now and then"),
        pytest.param(flood, "more than 65536 bytes", id="without end"),
        pytest.param(
            lambda connection: connection.sendall(
                b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n"
            ),
            "answers 302",
            id="a redirection is not followed",
        ),
    ],
)
def test_an_answer_that_is_none_is_an_error_in_time(
    answer: Callable[[socket.socket], None], message: str
) -> None:
    with answering(answer) as port, pytest.raises(OSError, match=message):
        fetch_status("127.0.0.1", port, seconds=0.5)


class Counting:
    """What a scraper told, with a way to wait for it."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.news: list[Key] = []
        self._more = threading.Condition()

    def count(self, outcome: str) -> None:
        with self._more:
            self.outcomes.append(outcome)
            self._more.notify_all()

    def tell(self, key: Key) -> None:
        with self._more:
            self.news.append(key)
            self._more.notify_all()

    def wait(self, probe: Callable[[], bool]) -> None:
        with self._more:
            assert self._more.wait_for(probe, 10), (self.outcomes, self.news)


@contextmanager
def scraping(fetch: Callable[[str], bytes]) -> Iterator[tuple[Scraper, Reports, Counting]]:
    reports, counting = Reports(), Counting()
    scraper = Scraper(reports, counting.tell, counting.count, fetch)
    thread = threading.Thread(target=scraper.run)
    thread.start()
    try:
        yield scraper, reports, counting
    finally:
        scraper.close()
        thread.join(10)


def test_a_running_pod_is_asked_and_its_owner_looked_at() -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return BODY

    with scraping(fetch) as (scraper, reports, counting):
        scraper.follow(Change(None, pod(running())))
        counting.wait(lambda: counting.news == [("default", "web")])
        report = reports.of(POD_UID)
        assert report is not None
        assert report.session_count == 0
        assert asked == ["10.244.0.9"]
        scraper.follow(Change(None, pod(finished())))
        assert reports.of(POD_UID) is None


def test_a_pod_that_is_told_to_end_is_asked_again_soon() -> None:
    with scraping(lambda _: BODY) as (scraper, _, counting):
        scraper.follow(Change(None, pod(running(), {"troubleshooter.sh/end": "Stopped"})))
        counting.wait(lambda: counting.outcomes[:3] == ["success"] * 3)
        assert counting.news == [("default", "web")]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(b"{}", "malformed"), (OSError("no route"), "unreachable")],
    ids=["malformed", "unreachable"],
)
def test_no_report_is_counted_and_nothing_else(answer: bytes | OSError, outcome: str) -> None:
    def fetch(_: str) -> bytes:
        if isinstance(answer, OSError):
            raise answer
        return answer

    with scraping(fetch) as (scraper, reports, counting):
        scraper.follow(Change(None, pod(running())))
        counting.wait(lambda: counting.outcomes == [outcome])
        assert reports.of(POD_UID) is None
        assert counting.news == []


@pytest.mark.parametrize("status", [{"phase": "Pending"}, finished()], ids=["pending", "ended"])
def test_a_pod_that_does_not_run_is_not_asked(status: dict[str, object]) -> None:
    def fetch(_: str) -> bytes:
        raise AssertionError("nobody to ask")

    with scraping(fetch) as (scraper, _, counting):
        scraper.follow(Change(None, pod(status)))
        assert counting.outcomes == []
