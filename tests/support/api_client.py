"""A few HTTP calls to an API server as one user, for those who play a part of the cluster in a test."""

import base64
import http.client
import json
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]
ANSWER_SECONDS = 30.0
MERGE = "application/merge-patch+json"


class RefusedError(AssertionError):
    """The API server does not want what the test needs."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


def credentials(pki: Path, name: str) -> ssl.SSLContext:
    """For a client with NAME.crt and NAME.key, who trusts the authority of that folder."""
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(pki / f"{name}.crt", pki / f"{name}.key")
    return context


@contextmanager
def client_of(kubeconfig: Path) -> Iterator["ApiClient"]:
    """The user of one of our kubeconfigs, for the length of the block."""
    config = json.loads(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    with tempfile.TemporaryDirectory() as folder:
        for name, found in (
            ("ca.crt", cluster["certificate-authority-data"]),
            ("user.crt", user["client-certificate-data"]),
            ("user.key", user["client-key-data"]),
        ):
            (Path(folder) / name).write_bytes(base64.b64decode(found))
        client = ApiClient(cluster["server"], credentials(Path(folder), "user"))
    try:
        yield client
    finally:
        client.close()


class ApiClient:
    """Safe to use from several threads: each has a connection of its own."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._address = urlsplit(url).netloc
        self._context = context
        self._local = threading.local()

    def get(self, path: str) -> Json | None:
        """The object; None where there is none."""
        try:
            return self.call("GET", path)
        except RefusedError as refused:
            if refused.status == http.client.NOT_FOUND:
                return None
            raise

    def items(self, path: str) -> list[Json]:
        found: list[Json] = self.call("GET", path)["items"]
        return found

    def create(self, path: str, thing: Json) -> Json:
        return self.call("POST", path, thing)

    def patch(self, path: str, patch: Json) -> Json:
        return self.call("PATCH", path, patch, MERGE)

    def delete(self, path: str, uid: str = "", grace: int | None = None) -> None:
        options: Json = {"preconditions": {"uid": uid}} if uid else {}
        self.call("DELETE", path, options | ({} if grace is None else {"gracePeriodSeconds": grace}))

    def call(
        self, method: str, path: str, body: Json | None = None, content: str = "application/json"
    ) -> Json:
        """The answer; RefusedError for a status from 300, OSError or HTTPException where nobody answers."""
        connection = self._connection()
        try:
            connection.request(
                method, path, json.dumps(body) if body is not None else None, {"Content-Type": content}
            )
            answer = connection.getresponse()
            found: Json = json.loads(answer.read())
        except BaseException:
            self.close()
            raise
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise RefusedError(answer.status, str(found.get("message")))
        return found

    def close(self) -> None:
        """The connection of the calling thread."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            del self._local.connection

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPSConnection(
                self._address, timeout=ANSWER_SECONDS, context=self._context
            )
        found: http.client.HTTPSConnection = self._local.connection
        return found
