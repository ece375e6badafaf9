"""One request that passes the proxy: what can be done with it, and the two connections that it uses.

`api_proxy` decides, `api_faults` has what it may decide for.
"""

import http.client
import json
import socket
import ssl
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any, Protocol

ANSWER_SECONDS = 60.0
PASSED_ON = ("Accept", "Content-Type", "User-Agent")


class Between(Protocol):
    """What an exchange needs of the proxy."""

    upstream: str
    credentials: ssl.SSLContext
    sockets: set[socket.socket]
    closing: Event
    answered: list[tuple[str, int]]

    def take(self, exchange: "Exchange") -> None: ...


class Exchange:
    """One request of the operator, and what can be done with it."""

    def __init__(self, handler: "Handler") -> None:
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


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: Between
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


class Server(ThreadingHTTPServer):
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
