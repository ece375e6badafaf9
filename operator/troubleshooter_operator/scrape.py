"""Asks running toolboxes for /status, outside the reconcile workers: a dead pod must not block the queue.

A Replay has nothing to report. The answer is untrusted: bounded in size and time, checked field by field, and
never anything but news. What must be known in the end comes from the termination message.
"""

import http.client
import io
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from troubleshooter_agent.contract import ANNOTATION_END, METRICS_PORT
from troubleshooter_operator.graveyard import owner_key
from troubleshooter_operator.kinds import Json, is_replay_pod, uid_of
from troubleshooter_operator.reports import Report, read_report
from troubleshooter_operator.store import Change, Key
from troubleshooter_operator.toolbox import toolbox
from troubleshooter_operator.workqueue import WorkQueue

EVERY_SECONDS: Final = 10.0
WHILE_ENDING_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 2.0
ANSWER_BYTES: Final = 64 * 1024
THREADS: Final = 4

Fetch = Callable[[str], bytes]


@dataclass(frozen=True)
class _Target:
    key: Key
    address: str
    ending: bool


class Reports:
    """The last report of each running pod, by its uid. Safe to use from several threads."""

    def __init__(self) -> None:
        self._reports: dict[str, Report] = {}

    def of(self, uid: str) -> Report | None:
        return self._reports.get(uid)

    def put(self, uid: str, report: Report) -> bool:
        """Whether it is news."""
        news = self._reports.get(uid) != report
        self._reports[uid] = report
        return news

    def drop(self, uid: str) -> None:
        self._reports.pop(uid, None)


class Scraper:
    """`run` in each of a few threads; returns after `close`."""

    def __init__(
        self,
        reports: Reports,
        on_news: Callable[[Key], None],
        count: Callable[[str], None],
        fetch: Fetch | None = None,
    ) -> None:
        self._reports = reports
        self._on_news = on_news
        self._count = count
        self._fetch = fetch or fetch_status
        self._targets: dict[str, _Target] = {}
        self._queue: WorkQueue[str] = WorkQueue()

    def follow(self, change: Change) -> None:
        """A handler of the pods' informer: whom to ask, and whom no more."""
        pod = change.new
        if pod is not None and (target := _target(pod)):
            if self._targets.get(uid_of(pod)) != target:
                self._targets[uid_of(pod)] = target
                self._queue.add(uid_of(pod))
            return
        gone = pod or change.old
        if gone is not None:
            self._targets.pop(uid_of(gone), None)
            self._reports.drop(uid_of(gone))

    def run(self) -> None:
        while (uid := self._queue.get()) is not None:
            if (target := self._targets.get(uid)) is not None:
                self._ask(uid, target)
                self._queue.add_after(uid, WHILE_ENDING_SECONDS if target.ending else EVERY_SECONDS)
            self._queue.done(uid)

    def close(self) -> None:
        self._queue.close()

    def _ask(self, uid: str, target: _Target) -> None:
        try:
            report = read_report(self._fetch(target.address))
        except (OSError, http.client.HTTPException):
            self._count("unreachable")
            return
        if report is None:
            self._count("malformed")
            return
        self._count("success")
        if uid in self._targets and self._reports.put(uid, report):
            self._on_news(target.key)


def _target(pod: Json) -> _Target | None:
    box, key = toolbox(pod), owner_key(pod)
    if not box.running or box.over or not box.ip or key is None or is_replay_pod(pod):
        return None
    return _Target(key, box.ip, bool(box.annotations.get(ANNOTATION_END)))


def fetch_status(address: str, port: int = METRICS_PORT, seconds: float = ANSWER_SECONDS) -> bytes:
    """The body of GET /status. All of it must come within `seconds`, however slowly the other side drips."""
    deadline = time.monotonic() + seconds
    host = f"[{address}]" if ":" in address else address
    with socket.create_connection((address, port), timeout=seconds) as connection:
        connection.sendall(
            f"GET /status HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = _read_all(connection, deadline)
    return _body(answer)


def _read_all(connection: socket.socket, deadline: float) -> bytes:
    answer = bytearray()
    while len(answer) <= ANSWER_BYTES:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer came too slowly")
        connection.settimeout(left)
        part = connection.recv(16 * 1024)
        if not part:
            return bytes(answer)
        answer += part
    raise OSError(f"the answer has more than {ANSWER_BYTES} bytes")


class _Answer:
    """What http.client reads an answer from, once it is there as a whole."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)


def _body(answer: bytes) -> bytes:
    response = http.client.HTTPResponse(_Answer(answer))  # type: ignore[arg-type] # it only calls makefile
    response.begin()
    if response.status != http.client.OK:
        raise OSError(f"the toolbox answers {response.status}")
    return response.read()
