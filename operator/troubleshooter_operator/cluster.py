"""The only module that talks to the API server. `Cluster` is what the others see of it.

Of the official client it uses configuration, authentication and HTTP; objects stay JSON. Every request has a
time-out, none is retried here, and every failure becomes one of `errors`.
"""

import json
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, Self
from urllib.parse import urlencode

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from kubernetes.config.incluster_config import SERVICE_HOST_ENV_NAME
from urllib3.util.ssl_ import create_urllib3_context

from troubleshooter_operator import excerpt
from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    OperatorError,
    TemporaryError,
    UnreachableError,
)
from troubleshooter_operator.kinds import Json, Kind

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
PAGE_SIZE: Final = 500
FIELD_MANAGER: Final = "troubleshooter-operator"
_JSON: Final = "application/json"
_MERGE: Final = "application/merge-patch+json"
_VERBS: Final = {"POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}

# Told of each request: its verb as RBAC has it, and the status of the answer or NO_ANSWER.
OnRequest = Callable[[str, str], None]
NO_ANSWER: Final = "none"


class Watch(Protocol):
    """Events of one watch, until the server ends it; `stop` ends it from another thread."""

    def __iter__(self) -> Iterator[Json]: ...

    def stop(self) -> None: ...


class Cluster(Protocol):
    """What the operator needs of an API server; raises only `errors`."""

    def now(self) -> float: ...

    def get(self, kind: Kind, namespace: str | None, name: str) -> Json: ...

    def list_page(self, kind: Kind, after: str) -> Json: ...

    def watch(self, kind: Kind, version: str, seconds: int, slack: float) -> Watch: ...

    def create(self, kind: Kind, namespace: str, manifest: Json) -> Json: ...

    def patch(self, kind: Kind, namespace: str | None, name: str, patch: Json) -> Json: ...

    def replace_status(self, kind: Kind, namespace: str, name: str, whole: Json) -> Json: ...

    def delete(self, kind: Kind, namespace: str, name: str, preconditions: Json) -> Json: ...


class ApiServer:
    """A `Cluster` over HTTP. Safe to use from several threads."""

    def __init__(
        self,
        configuration: Configuration,
        clock: ServerClock,
        answer_seconds: float = ANSWER_SECONDS,
        on_request: OnRequest | None = None,
        renew: Callable[[], None] = lambda: None,
    ) -> None:
        """`renew`: reads the credentials anew, into the configuration."""
        self._configuration = configuration
        self._renew = renew
        self._pool: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        if configuration.verify_ssl:
            self._pool.connection_pool_kw["ssl_context"] = _tls()
        self._clock = clock
        self._timeout = (CONNECT_SECONDS, answer_seconds)
        self._on_request = on_request or (lambda _verb, _code: None)

    @classmethod
    def connect(
        cls,
        kubeconfig: Path | None,
        connections: int,
        on_request: OnRequest | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> Self:
        """By the kubeconfig; without one as the pod that we run in, else as kubectl would."""
        configuration = Configuration(retries=False)
        configuration.keep_alive = True
        configuration.connection_pool_maxsize = connections
        renew = partial(_load, configuration, kubeconfig)
        renew()
        return cls(configuration, ServerClock(), answer_seconds, on_request, renew)

    def now(self) -> float:
        return self._clock.now()

    def close(self) -> None:
        """Closes idle connections at once; `clear` alone leaves that to the garbage collector."""
        for key in self._pool.pools.keys():  # noqa: SIM118 - no dict
            self._pool.pools[key].close()
        self._pool.clear()

    def get(self, kind: Kind, namespace: str | None, name: str) -> Json:
        return self._json("GET", kind.path(namespace, name))

    def list_page(self, kind: Kind, after: str) -> Json:
        """One page of excerpts; `after` is the continue token of the page before, or empty."""
        query = {"limit": PAGE_SIZE, "labelSelector": kind.selector, "continue": after}
        part = excerpt.BY_KIND.get(kind.name, excerpt.whole)
        return self._json("GET", kind.path(), query=query, hook=excerpt.while_parsing(part))

    def watch(self, kind: Kind, version: str, seconds: int, slack: float) -> Watch:
        """The server ends it after `seconds`; silence of `slack` longer than that is an error."""
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": seconds,
            "labelSelector": kind.selector,
        }
        timeout = (CONNECT_SECONDS, seconds + slack)
        return _Stream(self._send("GET", kind.path(), query=query, timeout=timeout))

    def create(self, kind: Kind, namespace: str, manifest: Json) -> Json:
        return self._json("POST", kind.path(namespace), body=manifest)

    def patch(self, kind: Kind, namespace: str | None, name: str, patch: Json) -> Json:
        """A merge patch: null takes a key away."""
        return self._json("PATCH", kind.path(namespace, name), body=patch, content=_MERGE)

    def replace_status(self, kind: Kind, namespace: str, name: str, whole: Json) -> Json:
        """ConflictError if the object is no longer at the resourceVersion that `whole` has."""
        return self._json("PUT", kind.path(namespace, name) + "/status", body=whole)

    def delete(self, kind: Kind, namespace: str, name: str, preconditions: Json) -> Json:
        """The object as it is going, or a Status of the deletion: the API server answers either."""
        return self._json("DELETE", kind.path(namespace, name), body={"preconditions": preconditions})

    def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: str = _JSON,
        hook: Callable[[Json], Json] | None = None,
    ) -> Json:
        response = self._send(method, path, query=query, body=body, content=content, timeout=self._timeout)
        try:
            answer: Json = json.loads(response.data, object_hook=hook)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise UnreachableError(f"{method} {path}: {error}") from error
        return answer

    def _send(
        self,
        method: str,
        path: str,
        *,
        timeout: tuple[float, float],
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: str = _JSON,
    ) -> urllib3.BaseHTTPResponse:
        wanted = {name: value for name, value in (query or {}).items() if value}
        verb, code = _verb(method, wanted), NO_ANSWER
        if method in {"POST", "PATCH", "PUT"}:
            wanted["fieldManager"] = FIELD_MANAGER
        try:
            response = self._pool.request(
                method,
                f"{self._configuration.host}{path}?{urlencode(wanted)}",
                headers=self._headers(content),
                body=None if body is None else json.dumps(body),
                timeout=urllib3.Timeout(connect=timeout[0], read=timeout[1]),
                preload_content=False,
                redirect=False,
            )
            code = str(response.status)
            self._clock.observe(response.headers.get("Date"))
            if response.status == 401:  # the token is no longer taken: the next request has the file's own
                self._renew()
            if response.status >= 300:
                raise _error(method, path, response)
        except (urllib3.exceptions.HTTPError, OSError, ConfigException) as error:
            raise UnreachableError(f"{method} {path}: {error}") from error
        finally:
            self._on_request(verb, code)
        return response

    def _headers(self, content: str) -> dict[str, str]:
        # Asked anew each time: the client reads the token of a service account once a minute.
        tokens = self._configuration.auth_settings().get("BearerToken")
        token = {"authorization": str(tokens["value"])} if tokens else {}
        return {"Accept": _JSON, "Content-Type": content, "User-Agent": FIELD_MANAGER} | token


def _load(configuration: Configuration, kubeconfig: Path | None) -> None:
    if kubeconfig is None and SERVICE_HOST_ENV_NAME in os.environ:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call] # the client has no types there
    else:
        load_kube_config(kubeconfig and str(kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call] # nor there


class _Stream:
    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self._response = response

    def __iter__(self) -> Iterator[Json]:
        try:
            for line in self._response:
                if line.strip():
                    yield _event(line)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise UnreachableError(f"watch: {error}") from error
        finally:
            self._response.close()

    def stop(self) -> None:
        try:
            self._response.shutdown()
        except (ValueError, RuntimeError, OSError):
            return  # it has ended by itself


def _verb(method: str, query: Mapping[str, Any]) -> str:
    if method != "GET":
        return _VERBS[method]
    return "watch" if "watch" in query else "list" if "limit" in query else "get"


def _tls() -> ssl.SSLContext:
    """Ordinary verification. Python 3.13 asks for more: extensions that many clusters' authorities lack."""
    context = create_urllib3_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _event(line: bytes) -> Json:
    event: Json = json.loads(line)
    if event.get("type") != "ERROR":
        return event
    status = event.get("object") or {}
    message = f"watch: {status.get('message')}"
    raise GoneError(message) if status.get("code") == 410 else TemporaryError(message)


def _error(method: str, path: str, response: urllib3.BaseHTTPResponse) -> OperatorError:
    """The error that an answer stands for; its message is the API server's own."""
    reason, message = _explanation(response.data)
    match response.status:
        case 404:
            return NotFoundError(message)
        case 409:
            return AlreadyExistsError(message) if reason == "AlreadyExists" else ConflictError(message)
        case 410:
            return GoneError(message)
        case 400 | 403 | 422:
            return ForbiddenError(message)
    delay = response.headers.get("Retry-After", "")
    text = f"{method} {path}: {response.status} {message}"
    return TemporaryError(text, float(delay) if delay.isdecimal() else None)


def _explanation(body: bytes) -> tuple[str, str]:
    try:
        status = json.loads(body)
    except ValueError:
        return "", body[:200].decode(errors="replace")
    return (
        (str(status.get("reason")), str(status.get("message")))
        if isinstance(status, dict)
        else ("", str(status))
    )
