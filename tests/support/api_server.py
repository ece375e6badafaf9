"""A small API server over real HTTP, for the faults that a real one cannot be asked for.

It lists with pages, watches with bookmarks and old versions gone, patches, checks preconditions, and on
demand answers wrongly, freezes, or drops its watches. It knows no schema, no defaults, no admission and no
garbage collection: what depends on those is tested on the real cluster.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
PATH: Final = re.compile(
    r"/(?:api/v1|apis/troubleshooter\.sh/v1alpha1)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?P<status>/status)?"
)
Key = tuple[str, str, str]  # plural, namespace, name


@dataclass
class Fault:
    """An answer instead of the right one, `times` times, to requests whose method and path match."""

    pattern: str
    status: int
    message: str
    times: int
    reason: str = ""


@dataclass
class Request:
    """What somebody asked, for tests that count."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass
class FakeApi:
    """The state: objects and the log of what happened to them. Tests act on it as everybody else does."""

    objects: dict[Key, Json] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    changed: threading.Condition = field(default_factory=threading.Condition)
    _version: int = 100
    _oldest: int = 0
    _log: list[tuple[int, str, str, Json]] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    _frozen: threading.Event = field(default_factory=threading.Event)
    _watches: int = 0  # grows when all watches are to be dropped
    closing: bool = False

    def put(self, plural: str, thing: Json) -> Json:
        """Create or change an object."""
        with self.changed:
            return self._put(plural, thing)

    def find(self, plural: str, name: str, namespace: str = "default") -> Json | None:
        with self.changed:
            return deepcopy(self.objects.get((plural, namespace, name)))

    def change(
        self, plural: str, name: str, edit: Callable[[Json], None], namespace: str = "default"
    ) -> Json:
        with self.changed:
            thing = deepcopy(self.objects[plural, namespace, name])
            edit(thing)
            return self._put(plural, thing)

    def remove(self, plural: str, name: str, namespace: str = "default", *, silently: bool = False) -> None:
        """Delete an object; `silently`: no watch will ever tell."""
        with self.changed:
            thing = self.objects.pop((plural, namespace, name))
            self._version += 1
            thing["metadata"]["resourceVersion"] = str(self._version)
            if not silently:
                self._log.append((self._version, "DELETED", plural, thing))
            self.changed.notify_all()

    def fail(
        self, pattern: str, status: int, message: str = "injected", *, times: int, reason: str = ""
    ) -> None:
        """`pattern` is matched with `METHOD /path?query`."""
        with self.changed:
            self._faults.append(Fault(pattern, status, message, times, reason))

    def compact(self) -> None:
        """Forget the past: a watch from an old version gets 410."""
        with self.changed:
            self._version += 1
            self._oldest = self._version
            self._log.clear()

    def drop_watches(self) -> None:
        """Close every watch without a word."""
        with self.changed:
            self._watches += 1
            self.changed.notify_all()

    def freeze(self) -> None:
        """From now on every connection stays open and nothing comes."""
        self._frozen.set()

    def thaw(self) -> None:
        self._frozen.clear()
        self.drop_watches()

    def count(self, pattern: str) -> int:
        """How many requests matched so far."""
        with self.changed:
            return sum(1 for each in self.requests if re.search(pattern, f"{each.method} {each.path}"))

    def wait(self, probe: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
        """Until `probe` gives something; it is tried again whenever an object or a request came."""
        with self.changed:
            if not self.changed.wait_for(probe, timeout=seconds):
                raise AssertionError(f"waited {seconds} s in vain for {what}")
            return probe()

    def _put(self, plural: str, thing: Json) -> Json:
        self._version += 1
        meta = thing["metadata"]
        key = (plural, meta.get("namespace", ""), meta["name"])
        kept = deepcopy(thing)
        kept["metadata"].setdefault("uid", f"uid-{self._version}")
        kept["metadata"].setdefault("creationTimestamp", "2026-11-22T18:40:00Z")
        kept["metadata"]["resourceVersion"] = str(self._version)
        event = "MODIFIED" if key in self.objects else "ADDED"
        self.objects[key] = kept
        self._log.append((self._version, event, plural, deepcopy(kept)))
        self.changed.notify_all()
        return deepcopy(kept)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: FakeApi

    def _handle(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        with self.api.changed:
            self.api.requests.append(Request(self.command, self.path, query, body))
            self.api.changed.notify_all()
        self._stay_frozen()
        fault = self._fault()
        if fault is not None:
            self._refuse(fault.status, fault.message, fault.reason)
            return
        found = PATH.fullmatch(url.path)
        if found is None:
            self._refuse(404, f"no such path {url.path}")
            return
        self._answer(found["plural"], found["namespace"] or "", found["name"], query, body)

    def __getattr__(self, name: str) -> Any:
        """http.server looks for do_GET and its like; here they are all one."""
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def date_time_string(self, _timestamp: float | None = None) -> str:
        return format_datetime(self.api.now(), usegmt=True)

    def log_message(self, *_: object) -> None:
        """Tests read `FakeApi.requests`."""

    def _stay_frozen(self) -> None:
        frozen = self.api._frozen
        while frozen.is_set() and not self.api.closing:
            with self.api.changed:
                self.api.changed.wait(0.05)

    def _fault(self) -> Fault | None:
        with self.api.changed:
            for fault in self.api._faults:
                if fault.times > 0 and re.search(fault.pattern, f"{self.command} {self.path}"):
                    fault.times -= 1
                    return fault
        return None

    def _answer(
        self, plural: str, namespace: str, name: str | None, query: dict[str, str], body: Any
    ) -> None:
        if name is None and self.command == "GET":
            if query.get("watch"):
                self._watch(plural, query)
            else:
                self._list(plural, query)
            return
        with self.api.changed:
            status, answer = self._change(plural, namespace, name or body["metadata"]["name"], body)
        self._send(status, answer)

    def _change(self, plural: str, namespace: str, name: str, body: Any) -> tuple[int, Json]:
        there = self.api.objects.get((plural, namespace, name))
        if self.command == "POST":
            return self._create(plural, namespace, there, body)
        if there is None:
            return _failure(404, f'{plural} "{name}" not found', "NotFound")
        if self.command == "GET":
            return 200, deepcopy(there)
        wanted = (body.get("preconditions") if self.command == "DELETE" else body.get("metadata")) or {}
        if any(
            wanted.get(each) not in {None, there["metadata"][each]} for each in ("uid", "resourceVersion")
        ):
            return _failure(409, "the object has been modified, or is another one", "Conflict")
        if self.command == "DELETE":
            return self._delete(plural, namespace, name, there)
        changed = merge(there, body) if self.command == "PATCH" else {**there, "status": body["status"]}
        return 200, self.api._put(plural, changed)

    def _create(self, plural: str, namespace: str, there: Json | None, body: Json) -> tuple[int, Json]:
        if there is not None:
            going = "object is being deleted: " if "deletionTimestamp" in there["metadata"] else ""
            return _failure(
                409, f"{going}{plural} {there['metadata']['name']} already exists", "AlreadyExists"
            )
        body["metadata"].setdefault("namespace", namespace)
        return 201, self.api._put(plural, body)

    def _delete(self, plural: str, namespace: str, name: str, there: Json) -> tuple[int, Json]:
        """A pod that runs gets a deletionTimestamp and stays, as with a kubelet; the test ends it."""
        if plural == "pods" and (there.get("status") or {}).get("phase") == "Running":
            there = deepcopy(there)
            there["metadata"]["deletionTimestamp"] = "2026-11-22T18:50:00Z"
            return 200, self.api._put(plural, there)
        self.api.remove(plural, name, namespace)
        return 200, {"kind": "Status", "status": "Success"}

    def _list(self, plural: str, query: dict[str, str]) -> None:
        with self.api.changed:
            things = [
                deepcopy(thing)
                for (kind, _, _), thing in sorted(self.api.objects.items())
                if kind == plural and selects(query.get("labelSelector", ""), thing)
            ]
            version = str(self.api._version)
        start = int(query.get("continue", "0"))
        limit = min(int(query.get("limit", "500")), 2)  # small pages, so that every test has several
        more = str(start + limit) if start + limit < len(things) else ""
        meta = {"resourceVersion": version, "continue": more}
        self._send(200, {"kind": "List", "metadata": meta, "items": things[start : start + limit]})

    def _watch(self, plural: str, query: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in self._events(plural, int(query["resourceVersion"]), query):
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        self.close_connection = True

    def _events(self, plural: str, version: int, query: dict[str, str]) -> Iterator[Json]:
        api, selector = self.api, query.get("labelSelector", "")
        ends = time.monotonic() + float(query.get("timeoutSeconds", "60"))
        with api.changed:
            began, last = api._watches, version
            if version < api._oldest:
                yield {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
                return
        while True:
            with api.changed:
                left = min(1.0, max(0.0, ends - time.monotonic()))
                api.changed.wait_for(partial(self._has_news, began, last), timeout=left)
                news = [each for each in api._log if each[0] > last]
                last = max([last, *(each[0] for each in news)])
                if self._is_over(began) or (time.monotonic() >= ends and not api._frozen.is_set()):
                    return
            if api._frozen.is_set():
                continue
            for _, kind, where, thing in news:
                if where == plural and selects(selector, thing):
                    yield {"type": kind, "object": thing}
            yield {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(last)}}}

    def _has_news(self, began: int, last: int) -> bool:
        return self._is_over(began) or self.api._version > last

    def _is_over(self, began: int) -> bool:
        return self.api.closing or self.api._watches != began

    def _refuse(self, status: int, message: str, reason: str = "") -> None:
        self._send(*_failure(status, message, reason))

    def _send(self, status: int, answer: Json) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def server_close(self) -> None:
        for connection in self._connections:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle of a watch is no event."""


def _failure(status: int, message: str, reason: str = "") -> tuple[int, Json]:
    return status, {
        "kind": "Status",
        "status": "Failure",
        "code": status,
        "message": message,
        "reason": reason,
    }


def selects(selector: str, thing: Json) -> bool:
    """Whether the labels have all of `key=value,...`."""
    have = thing["metadata"].get("labels") or {}
    pairs = [part.partition("=") for part in selector.split(",") if part]
    return all(have.get(key) == value for key, _, value in pairs)


def merge(old: Any, patch: Any) -> Any:
    """RFC 7386, the merge patch."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged = deepcopy(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


@contextmanager
def running(api: FakeApi) -> Iterator[str]:
    """The server's address while it runs."""
    handler = type("Handler", (_Handler,), {"api": api})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="fake-api")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        api.closing = True
        api.drop_watches()
        server.shutdown()
        server.server_close()
        thread.join()
