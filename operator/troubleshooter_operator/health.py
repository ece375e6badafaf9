"""GET /metrics, /healthz and /readyz of the operator itself.

Healthy means: each watch has heard from the API server lately, and every thread is there. An HTTP server that
answers proves neither, so both are asked for.
"""

import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from troubleshooter_operator.informer import Informer

# A watch is cut and listed anew at least each minute; three of them missed is no hiccup any more.
SILENCE_SECONDS: Final = 180.0


class Health:
    """What is wrong, as sentences; nothing if all is well."""

    def __init__(self, informers: Sequence[Informer], threads: Sequence[threading.Thread]) -> None:
        self._informers = informers
        self._threads = threads

    def not_ready(self) -> list[str]:
        return [f"{each.kind.name}: not listed yet" for each in self._informers if not each.synced.is_set()]

    def not_alive(self) -> list[str]:
        silent = [
            f"{each.kind.name}: no word from the API server for {each.silence():.0f} s"
            for each in self._informers
            if each.silence() > SILENCE_SECONDS
        ]
        return silent + [f"thread {each.name} has ended" for each in self._threads if not each.is_alive()]


def serve(port: int, registry: CollectorRegistry, health: Health) -> ThreadingHTTPServer:
    """A server that listens already; the caller runs and closes it."""
    pages: dict[str, Callable[[], tuple[int, str, bytes]]] = {
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(registry)),
        "/healthz": lambda: _verdict(health.not_alive()),
        "/readyz": lambda: _verdict(health.not_ready()),
    }

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0])
            status, content, body = (
                page() if page else (404, "text/plain", b"there is /metrics, /healthz, /readyz\n")
            )
            self.send_response(status)
            self.send_header("Content-Type", content)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes come every few seconds; they are no events."""

    return ThreadingHTTPServer(("", port), Handler)


def _verdict(problems: list[str]) -> tuple[int, str, bytes]:
    text = "\n".join(problems) or "ok"
    return (500 if problems else 200), "text/plain; charset=utf-8", f"{text}\n".encode()
