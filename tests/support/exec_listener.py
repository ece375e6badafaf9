"""A kubelet that only listens: it tells what the API server sent it to execute, and executes nothing.

What reaches it has passed admission, as admission has left it. The API server checks no kubelet's certificate
here, so that of the API server itself serves.
"""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubectl import Kubectl

NODE = "listener"
ADDRESS = "127.0.0.1"
Command = list[str]


@dataclass
class ExecListener:
    """`heard` gives each command that reached the node, once."""

    port: int = 0
    _commands: list[Command] = field(default_factory=list)

    def hear(self, path: str) -> None:
        """One request of the API server, by its path and query."""
        query = parse_qs(urlsplit(path).query, keep_blank_values=True)
        self._commands.append(query.get("command", []))

    def heard(self) -> list[Command]:
        """All commands since the last call, the oldest first."""
        found, self._commands = self._commands, []
        return found

    def register(self, admin: Kubectl) -> None:
        """Be the node `listener` of the cluster."""
        admin.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        status = {
            "addresses": [{"type": "InternalIP", "address": ADDRESS}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
        }
        patch = json.dumps({"status": status})
        admin.run("patch", "node", NODE, "--subresource=status", "--type=merge", f"--patch={patch}")


@contextmanager
def listening(pki: Path) -> Iterator[ExecListener]:
    """One that answers during the block; `pki` is the folder of the control plane's certificates."""
    listener = ExecListener()
    handler = type("Handler", (_Handler,), {"listener": listener})
    server = http.server.ThreadingHTTPServer((ADDRESS, 0), handler)
    listener.port = server.server_address[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="exec-listener")
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    listener: ExecListener

    def do_POST(self) -> None:
        self.listener.hear(self.path)
        answer = b"heard, and nothing executed"
        self.send_response(http.HTTPStatus.CONFLICT)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Silence: what is heard is told otherwise."""
