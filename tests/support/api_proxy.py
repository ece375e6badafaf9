"""A real TLS proxy between an operator and a real API server, which misbehaves as told.

It ends the operator's TLS, and goes on with a client certificate of its own, so the API server sees the same
user whatever happens here. Each request is counted; `api_faults` has what can be done to one.
"""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from api_exchange import Exchange, Handler, Server


@dataclass
class Told:
    """An order: what to do to the next requests that match, which may be so many."""

    pattern: str
    do: Callable[[Exchange], None]
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
        handler = type("Bound", (Handler,), {"proxy": self})
        self._server = Server(("127.0.0.1", self._port), handler, self._tls)
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

    def tell(self, pattern: str, do: Callable[[Exchange], None], times: int = 1) -> None:
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

    def take(self, exchange: Exchange) -> None:
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

    def _order(self, line: str) -> Callable[[Exchange], None]:
        for told in self._told:
            if told.times > 0 and re.search(told.pattern, line):
                told.times -= 1
                return told.do
        return Exchange.relay


def _stop(exchange: Exchange, gate: Gate, *, first: bool) -> None:
    if first:
        if gate.after:
            exchange.forward()
        gate.line = exchange.line
        gate.reached.set()
    gate.opened.wait()
    exchange.hang_up()
