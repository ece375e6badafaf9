"""The summary of a session: the file beside its cast, its line in the folder's index, its report; pure."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from troubleshooter_agent.asciicast import sayable
from troubleshooter_agent.contract import SessionReport

INDEX: Final = "index.jsonl"


@dataclass(frozen=True)
class Summary:
    """What a session was; `file` is relative to the volume, times are UTC as the API writes them."""

    id: str
    user: str
    verified: bool
    run: int
    startedAt: str  # noqa: N815 - the names of the public file
    endedAt: str  # noqa: N815 - as above
    exitCode: int | None  # noqa: N815 - as above; None when nobody knows
    why: str
    bytes: int
    sha256: str | None
    file: str
    repaired: bool = False
    leftOut: int | None = None  # noqa: N815 - as above; bytes that a limit left out, None when nobody knows
    transfer: dict[str, Any] | None = None  # direction, name, bytes and sha256 of a file transfer
    failure: str | None = None  # why the recording is not complete, if it is not

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def report(self) -> SessionReport:
        """What status and termination message say of the session."""
        return SessionReport(
            id=self.id,
            user=self.user,
            startedAt=self.startedAt,
            endedAt=self.endedAt,
            exitCode=self.exitCode,
            bytes=self.bytes,
            sha256=self.sha256,
            file=self.file,
        )


def line_of(summary: Summary) -> bytes:
    """The summary as a file's only line, or as one of the index's."""
    return orjson.dumps({name: _sayable(value) for name, value in asdict(summary).items()}) + b"\n"


def next_chain(previous: str, sha256: str) -> str:
    """The chain hash after one more recording: sha256 over both hexadecimal texts."""
    return hashlib.sha256((previous + sha256).encode()).hexdigest()


def _sayable(value: Any) -> Any:
    """The name of a file need not be UTF-8; its lone surrogates JSON has no way to say."""
    return sayable(value) if isinstance(value, str) else value
