"""A real TLS proxy between an operator and a real API server, which misbehaves as told.

It ends the operator's TLS, and goes on with a client certificate of its own, so the API server sees the same
user whatever happens here. Each request is counted; `api_faults` has what can be done to one.
"""

import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ANSWER_SECONDS = 60.0
PASSED_ON = ("Accept", "Content-Type", "User-Agent")


@dataclass
class Told:
    """An order: what to do to the next requests that match, which may be so many."""

    pattern: str
    do: Callable[["Exchange"], None]
    times: int


@dataclass
class Gate:
    """The request at which everything stops: before it is passed on, or once the server has answered.

    Later ones wait too, and all of them end without an answer once it is open.
    """

    number: int
    after: bool
    line: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Request:
    line: str  # `METHOD /path?query`
    at: float  # time.monotonic()


class Proxy:
    """`url` stays the same while it is closed and opened again."""

    def __init__(self, upstream: str, credentials: ssl.SSLContext, certificate: Path) -> None:
        """`certificate` is NAME.crt, beside NAME.key."""
        self.upstream = urlsplit(upstream).netloc
        self.credentials = credentials
        self.requests: list[Request] = []
        self.answered: list[tuple[str, int]] = []  # request line, and what the API server said to it
        self.tokens: set[str] | None = None  # the only bearer tokens taken, if any is asked for
        self.closing = threading.Event()
        self.sockets: set[socket.socket] = set()
        self._told: list[Told] = []
        self._gate: Gate | None = None
        self._lock = threading.Lock()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.use_certificate(certificate)
        self._port = 0
        self.open()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Take connections."""
        self.closing.clear()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", self._port), handler, self._tls)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="api-proxy")
        self._thread.start()

    def close(self) -> None:
        """Refuse connections, and cut those that there are."""
        self.closing.set()
        self.open_gate()
        self._server.shutdown()
        self._thread.join()
        self._server.socket.close()
        self.cut()
        self._server.server_close()

    def cut(self) -> None:
        """End every connection without a word."""
        for each in tuple(self.sockets):
            with suppress(OSError):  # closed already
                each.shutdown(socket.SHUT_RDWR)

    def use_certificate(self, certificate: Path) -> None:
        """For the connections to come."""
        self._tls.load_cert_chain(certificate, certificate.with_suffix(".key"))

    def tell(self, pattern: str, do: Callable[["Exchange"], None], times: int = 1) -> None:
        """`pattern` is searched in `METHOD /path?query`."""
        with self._lock:
            self._told.append(Told(pattern, do, times))

    def stop_at(self, number: int, *, after: bool) -> Gate:
        """Stop at the request of that number, counted from 1 and from now on."""
        with self._lock:
            self._gate = Gate(len(self.requests) + number, after)
            return self._gate

    def open_gate(self) -> None:
        """What has been stopped ends; what comes now passes."""
        with self._lock:
            gate, self._gate = self._gate, None
        if gate is not None:
            gate.opened.set()

    def forget_orders(self) -> None:
        with self._lock:
            self._told.clear()

    def left_to_do(self) -> int:
        """How many requests the orders given still wait for."""
        with self._lock:
            return sum(told.times for told in self._told)

    def lines(self, pattern: str = "") -> list[str]:
        return [each.line for each in tuple(self.requests) if re.search(pattern, each.line)]

    def made(self, plural: str) -> int:
        """How many things of that kind the API server has made for the operator."""
        created = re.compile(rf"^POST \S*/{plural}\b(?!/)")
        return sum(status == http.client.CREATED for line, status in self.answered if created.search(line))

    def take(self, exchange: "Exchange") -> None:
        """One request, as the orders are."""
        with self._lock:
            self.requests.append(Request(exchange.line, time.monotonic()))
            number = len(self.requests)
            gate = self._gate if self._gate and self._gate.number <= number else None
            do = self._order(exchange.line)
        if self.tokens is not None and exchange.token not in self.tokens:
            exchange.answer(401, "Unauthorized")
        elif gate is not None:
            _stop(exchange, gate, first=gate.number == number)
        else:
            do(exchange)

    def _order(self, line: str) -> Callable[["Exchange"], None]:
        for told in self._told:
            if told.times > 0 and re.search(told.pattern, line):
                told.times -= 1
                return told.do
        return Exchange.relay


def _stop(exchange: "Exchange", gate: Gate, *, first: bool) -> None:
    if first:
        if gate.after:
            exchange.forward()
        gate.line = exchange.line
        gate.reached.set()
    gate.opened.wait()
    exchange.hang_up()


class Exchange:
    """One request of the operator, and what can be done with it."""

    def __init__(self, handler: "_Handler") -> None:
        self._handler = handler
        self.proxy = handler.proxy
        self.line = f"{handler.command} {handler.path}"
        self.token = handler.headers.get("Authorization", "").partition(" ")[2]
        length = int(handler.headers.get("Content-Length") or 0)
        self._body = handler.rfile.read(length) if length else None

    def forward(self) -> http.client.HTTPResponse:
        """The API server's answer; of one that is no watch, all of it is there."""
        headers = {name: self._handler.headers[name] for name in PASSED_ON if self._handler.headers[name]}
        server = self._handler.server_connection()
        server.request(self._handler.command, self._handler.path, self._body, headers)
        answer = server.getresponse()
        self.proxy.answered.append((self.line, answer.status))
        return answer

    def relay(self) -> None:
        """As if nobody stood between."""
        answer = self.forward()
        if answer.headers.get("Transfer-Encoding") == "chunked" and "watch=true" in self.line:
            self.begin_stream()
            for line in answer:
                self.send_line(line)
            self.end_stream()
        else:
            self._send(answer.status, dict(answer.headers), answer.read())

    def answer(self, status: int, message: str, reason: str = "", **headers: str) -> None:
        """A refusal in the API server's form, by ourselves; headers as Retry_After="1"."""
        found = {"kind": "Status", "code": status, "message": message, "reason": reason}
        self._send(
            status,
            {name.replace("_", "-"): value for name, value in headers.items()},
            json.dumps(found).encode(),
        )

    def begin_stream(self) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def send_line(self, line: bytes) -> None:
        self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self._handler.wfile.flush()

    def end_stream(self) -> None:
        self._handler.wfile.write(b"0\r\n\r\n")

    def hang_up(self) -> None:
        """End the connection without an answer."""
        self._handler.close_connection = True
        with suppress(OSError):  # the other side was faster
            self._handler.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self._handler.send_response(status)
        for name in ("Content-Type", "Retry-After"):
            if name in headers:
                self._handler.send_header(name, headers[name])
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: Proxy
    _server: http.client.HTTPSConnection | None = None

    def _handle(self) -> None:
        try:
            self.proxy.take(Exchange(self))
        except (OSError, http.client.HTTPException):  # the API server is gone, or the operator
            self.close_connection = True

    def __getattr__(self, name: str) -> Any:
        """http.server looks for do_GET and its like; here they are all one."""
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def server_connection(self) -> http.client.HTTPSConnection:
        """Ours to the API server, one for each of the operator's."""
        if self._server is None:
            self._server = http.client.HTTPSConnection(
                self.proxy.upstream, timeout=ANSWER_SECONDS, context=self.proxy.credentials
            )
            self._server.connect()
            assert self._server.sock is not None
            self.proxy.sockets.add(self._server.sock)
        return self._server

    def finish(self) -> None:
        if self._server is not None:
            if self._server.sock is not None:
                self.proxy.sockets.discard(self._server.sock)
            self._server.close()
        with suppress(OSError):  # cut
            super().finish()

    def log_message(self, *_: object) -> None:
        """Tests read `Proxy.requests`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them

    def __init__(self, address: tuple[str, int], handler: Any, tls: ssl.SSLContext) -> None:
        super().__init__(address, handler)
        self._tls = tls

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake happens here, in the connection's own thread."""
        request.settimeout(ANSWER_SECONDS)
        with self._tls.wrap_socket(request, server_side=True) as connection:
            proxy = self.RequestHandlerClass.proxy  # type: ignore[attr-defined] # ours
            proxy.sockets.add(connection)
            try:
                super().finish_request(connection, client_address)
            finally:
                proxy.sockets.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or does not like our certificate, is no event."""
