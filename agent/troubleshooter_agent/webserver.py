"""The toolbox's HTTP server, run by the reporter alone; what a path answers is decided there.

Anybody in the cluster's network may reach it, so a request is short and ends in time, and a crowd of
idle connections costs a stranger his connections, never the kubelet its probes.
"""

import contextlib
import io
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Final

from troubleshooter_agent.log import Log

REQUEST_BYTES: Final = 8192  # of request line and headers
CONNECTION_SECONDS: Final = 5.0  # from its first byte to its last
MOST_CONNECTIONS: Final = 64
_BACKLOG: Final = 1024  # a shorter queue makes a probe behind a crowd wait a second


@dataclass(frozen=True)
class Answer:
    """What a path answers."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


Answers = Callable[[str], Answer | None]  # by path, without its query; None: there is nothing


def serve(
    address: tuple[str, int],
    answers: Answers,
    listening: Callable[[int], None],
    log: Log,
    *,
    again_seconds: float = 1.0,
) -> None:
    """Serve for ever; a port that somebody else has is tried again every second, and told once."""
    told = False
    while True:
        try:
            listener = listen(address)
        except OSError as error:
            if not told:
                log.event("not-listening", port=address[1], error=error)
            told = True
            time.sleep(again_seconds)
            continue
        listening(listener.getsockname()[1])
        Server(listener, answers).serve_forever()


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket at `address`; an empty host means all of them, IPv6 too where there is any. OSError."""
    if address[0] == "" and socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(
                address, family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
            )
    return socket.create_server(address, backlog=_BACKLOG)


class Server(ThreadingTCPServer):
    """Serves `answers`; a full house lets a new connection in and turns the oldest out."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, answers: Answers) -> None:
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.answers = answers
        self._opened: dict[socket.socket, float] = {}  # the oldest first
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._opened[request] = time.monotonic()
            if len(self._opened) > MOST_CONNECTIONS:
                self._turn_out(next(iter(self._opened)))
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Twice a second: turn out whoever has been here too long, one byte at a time or not at all."""
        now = time.monotonic()
        with self._lock:
            for connection in [one for one, at in self._opened.items() if now - at > CONNECTION_SECONDS]:
                self._turn_out(connection)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._opened.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is its client's affair; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def _turn_out(self, connection: socket.socket) -> None:
        """Its thread, which is reading or writing, then finds it closed and ends."""
        del self._opened[connection]
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class _ShortReader(io.BufferedReader):
    """Lines of a request, REQUEST_BYTES in all; the base class would take 100 lines of 64 KiB."""

    left = REQUEST_BYTES

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(self.left if size is None or size < 0 else min(size, self.left))
        self.left -= len(line)
        return line


class _Handler(BaseHTTPRequestHandler):
    server: Server
    rfile: _ShortReader
    timeout = CONNECTION_SECONDS
    default_request_version = "HTTP/1.0"  # what cannot be read is answered with a status line too

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = _ShortReader(socket.SocketIO(self.connection, "r"))

    def parse_request(self) -> bool:
        if not super().parse_request():
            return False
        if self.rfile.left <= 0:
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        return True

    def do_GET(self) -> None:
        answer = self.server.answers(self.path.partition("?")[0])
        if answer is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._send(answer)

    def do_HEAD(self) -> None:
        self.do_GET()

    def send_error(self, code: int, *_: Any, **__: Any) -> None:
        """One plain line; the base class would send a page that repeats what the client said."""
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:  # any method but GET and HEAD
            status = HTTPStatus.METHOD_NOT_ALLOWED
        self.close_connection = True
        self._send(Answer(status, f"{status.phrase}\n".encode()))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)  # no Server header: nobody needs to know our versions
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """No line per request: a probe a second would bury the agent's own events."""
