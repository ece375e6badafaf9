"""What the paths of the toolbox's HTTP server answer, from what PID 1 last told; called by the reporter."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson

from troubleshooter_agent import metrics
from troubleshooter_agent.contract import Status
from troubleshooter_agent.effort import Effort
from troubleshooter_agent.webserver import Answer


@dataclass(frozen=True)
class Heard:
    """What PID 1 last told, and when, in seconds of any one clock; at first: since when it is waited for."""

    at: float
    status: Status | None = None
    failures: Mapping[str, int] = field(default_factory=dict)
    effort: Effort = field(default_factory=Effort)
    dropped: int = 0


def answer(path: str, heard: Heard, *, is_alive: bool) -> Answer | None:
    """The answer of a path, None for an unknown one; `is_alive` says that PID 1 was heard lately."""
    match path:
        case "/healthz":
            return _word("ok" if is_alive else "silent", is_good=is_alive)
        case "/readyz":
            word = _readiness(heard.status) if is_alive else "silent"
            return _word(word, is_good=word == "ready")
        case "/status" | "/metrics" if heard.status is None:
            return _word("starting", is_good=False)
        case "/status":
            return Answer(HTTPStatus.OK, orjson.dumps(heard.status), "application/json")
        case "/metrics":
            return _metrics(heard)
    return None


def _readiness(status: Status | None) -> str:
    if status is None:
        return "starting"
    if status["end"]:
        return "ending"
    return "ready" if status["ready"] else "starting"


def _word(word: str, *, is_good: bool) -> Answer:
    return Answer(HTTPStatus.OK if is_good else HTTPStatus.SERVICE_UNAVAILABLE, f"{word}\n".encode())


def _metrics(heard: Heard) -> Answer:
    assert heard.status is not None
    text = metrics.render(heard.status, failures=heard.failures, effort=heard.effort, dropped=heard.dropped)
    return Answer(HTTPStatus.OK, text, metrics.CONTENT_TYPE)
