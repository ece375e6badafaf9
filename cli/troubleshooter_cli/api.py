"""The only module that talks to the API server over HTTP: objects as JSON, failures as `errors`.

Of the official client it uses the kubeconfig, authentication and the connection pool: loading its classes for
every kind would take longer than most commands. No request is retried; a person can do that.
"""

import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import urlencode

import urllib3
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException, list_kube_config_contexts, load_kube_config
from urllib3.util.ssl_ import create_urllib3_context

from troubleshooter_cli.errors import (
    ForbiddenError,
    NotFoundError,
    TroubleshootError,
    UnreachableError,
    UsageError,
)
from troubleshooter_cli.kinds import Json, Kind

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0
PAGE_SIZE: Final = 500
FIELD_MANAGER: Final = "kubectl-troubleshoot"
_JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
_DOCTOR: Final = "kubectl troubleshoot doctor shows what is missing"
_NO_RESOURCE: Final = "could not find the requested resource"  # as for a kind that is not served
_WHO: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class AlreadyExistsError(TroubleshootError):
    """An object of that name is there already."""


class ConflictError(TroubleshootError):
    """The object was changed in between, or a precondition does not hold."""


class Api:
    """The API server as the person may use it."""

    def __init__(self, configuration: Configuration, namespace: str) -> None:
        self._configuration = configuration
        self._pool: urllib3.PoolManager = RESTClientObject(configuration).pool_manager
        if configuration.verify_ssl:
            _make_ready(self._pool)
        self.namespace = namespace

    @classmethod
    def connect(cls, kubeconfig: str = "", context: str = "") -> Self:
        """As kubectl would, by the kubeconfig; UsageError if there is none, or it has no such context."""
        configuration = Configuration(retries=False)
        try:
            load_kube_config(kubeconfig or None, context or None, client_configuration=configuration)  # type: ignore[no-untyped-call] # the client has no types there
            contexts, active = list_kube_config_contexts(kubeconfig or None)  # type: ignore[no-untyped-call] # nor there
        except (ConfigException, OSError) as error:
            raise UsageError(
                f"the kubeconfig cannot be used: {error}",
                "name one with --kubeconfig, or a context with --context",
            ) from error
        chosen = next((each for each in contexts if each["name"] == context), active)
        return cls(configuration, chosen["context"].get("namespace") or "default")

    def whoami(self) -> str:
        """The name that the API server knows the person by."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        return str(self.request("POST", _WHO, body=review)["status"]["userInfo"]["username"])

    def get(self, kind: Kind, namespace: str | None, name: str) -> Json:
        return self.request("GET", kind.path(namespace, name))

    def find(self, kind: Kind, namespace: str | None, name: str) -> Json | None:
        """None where it is not there."""
        try:
            return self.get(kind, namespace, name)
        except NotFoundError:
            return None

    def items(self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = "") -> list[Json]:
        """All of them, page by page; of all namespaces without a namespace. Each has apiVersion and kind."""
        return [item for page in self.pages(kind, namespace, labels=labels, fields=fields) for item in page]

    def pages(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> Iterator[list[Json]]:
        query = {"limit": str(PAGE_SIZE), "labelSelector": labels, "fieldSelector": fields}
        while True:
            page = self.request("GET", kind.path(namespace), query=query)
            same = {"apiVersion": page["apiVersion"], "kind": kind.name}
            yield [same | item for item in page.get("items") or []]
            query["continue"] = page["metadata"].get("continue", "")
            if not query["continue"]:
                return

    def create(self, kind: Kind, namespace: str | None, manifest: Json, *, dry_run: bool = False) -> Json:
        """AlreadyExistsError if there is one of that name."""
        query = {"fieldManager": FIELD_MANAGER, "dryRun": "All" if dry_run else ""}
        return self.request("POST", kind.path(namespace), query=query, body=manifest)

    def patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Json | list[Json], content: str = MERGE
    ) -> Json:
        """A merge patch, where null takes a key away, or a list of operations with JSON_PATCH."""
        query = {"fieldManager": FIELD_MANAGER}
        return self.request("PATCH", kind.path(namespace, name), query=query, body=patch, content=content)

    def delete(self, kind: Kind, namespace: str | None, name: str, uid: str = "") -> None:
        """With a uid: that one only, ConflictError if another has its name."""
        body = {"preconditions": {"uid": uid}} if uid else {}
        self.request("DELETE", kind.path(namespace, name), body=body)

    def watch(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        fields: str = "",
        labels: str = "",
        version: str = "",
        seconds: int = 300,
    ) -> Iterator[Json]:
        """Events of what is there and of what changes, until the server ends it after `seconds`."""
        query = {
            "watch": "true",
            "fieldSelector": fields,
            "labelSelector": labels,
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        path = kind.path(namespace)
        with self._send("GET", path, query=query, seconds=seconds + ANSWER_SECONDS) as response:
            try:
                for line in response:
                    if line.strip():
                        yield _event(line)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise UnreachableError(f"the watch of {path} broke off: {error}", "try again") from error

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = _JSON,
    ) -> Json:
        """Any request; what the other methods cannot say."""
        with self._send(method, path, query=query, body=body, content=content) as response:
            try:
                answer: Json = json.loads(response.data)
            except (urllib3.exceptions.HTTPError, ValueError) as error:
                raise UnreachableError(f"{method} {path}: {error}", "try again") from error
        return answer

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = _JSON,
        seconds: float = ANSWER_SECONDS,
    ) -> urllib3.BaseHTTPResponse:
        wanted = urlencode({name: value for name, value in (query or {}).items() if value})
        try:
            response = self._pool.request(
                method,
                f"{self._configuration.host}{path}?{wanted}",
                headers=self._headers(content),
                body=None if body is None else json.dumps(body),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds),
                preload_content=False,
                redirect=False,
            )
            if response.status >= 300:
                raise _error(method, path, response)
        except (urllib3.exceptions.HTTPError, OSError, ConfigException) as error:
            raise UnreachableError(
                f"the API server at {self._configuration.host} does not answer: {_cause(error)}",
                "check your kubeconfig and the network, then try again",
            ) from error
        return response

    def _headers(self, content: str) -> dict[str, str]:
        tokens = self._configuration.auth_settings().get("BearerToken")
        token = {"authorization": str(tokens["value"])} if tokens else {}
        return {"Accept": _JSON, "Content-Type": content, "User-Agent": FIELD_MANAGER} | token


def _make_ready(pool: urllib3.PoolManager) -> None:
    """One context for all connections, with the person's certificate in it before there is any.

    urllib3 would load that again for each connection, and two at once would leave the key of one beside the
    certificate of the other.
    """
    context, settings = _tls(), pool.connection_pool_kw
    certificate, key = settings.pop("cert_file", None), settings.pop("key_file", None)
    if certificate:
        context.load_cert_chain(certificate, key)
    settings["ssl_context"] = context


def _tls() -> ssl.SSLContext:
    """Ordinary verification. Python 3.13 asks for more: extensions that many clusters' authorities lack."""
    context = create_urllib3_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _event(line: bytes) -> Json:
    event: Json = json.loads(line)
    if event.get("type") == "ERROR":
        raise UnreachableError(f"the watch ended: {event['object'].get('message')}", "try again")
    return event


def _error(method: str, path: str, response: urllib3.BaseHTTPResponse) -> TroubleshootError:
    """The error that an answer stands for, in the API server's own words."""
    reason, message = _explanation(response.data)
    if response.status == 404 and (reason != "NotFound" or _NO_RESOURCE in message):
        return NotFoundError("this cluster has no Troubleshooter, or not of this version", _DOCTOR)
    errors: dict[int, TroubleshootError] = {
        400: UsageError(message),
        401: ForbiddenError("the API server does not know you", "log in again, as your kubeconfig needs it"),
        403: ForbiddenError(message, _DOCTOR),
        404: NotFoundError(message, "kubectl troubleshoot list shows what is there"),
        409: AlreadyExistsError(message)
        if reason == "AlreadyExists"
        else ConflictError(message, "try again"),
        422: UsageError(message),
    }
    other = UnreachableError(f"{method} {path}: {response.status} {message}", "try again in a moment")
    return errors.get(response.status, other)


def _explanation(body: bytes) -> tuple[str, str]:
    try:
        status = json.loads(body)
    except ValueError:
        return "", body[:200].decode(errors="replace")
    if not isinstance(status, dict):
        return "", str(status)
    return str(status.get("reason", "")), str(status.get("message", ""))


def _cause(error: Exception) -> str:
    """The innermost reason: urllib3 wraps a refused connection in pages of its own words."""
    reason: BaseException = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2] or type(reason).__name__
