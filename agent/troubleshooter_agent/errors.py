"""What can go wrong, and what to do about it.

AgentError               one sentence for the person, a hint, and the exit status of the command
|-- UsageError           the command line is wrong (64)
|-- NotRecordedError     a session cannot be recorded, so it does not start or it ends (74)
|-- AgentFaultError      the agent does not do its part (70)
"""

import errno
import os
from dataclasses import dataclass
from typing import ClassVar

from troubleshooter_agent.contract import ExitCode


@dataclass
class AgentError(Exception):
    """What happened, and in `hint` what the person can do."""

    message: str
    hint: str = ""
    exit_code: ClassVar[int] = ExitCode.AGENT_FAULT

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(AgentError):
    """The command line is wrong."""

    exit_code = ExitCode.USAGE


class AgentFaultError(AgentError):
    """The agent is not there, or it does not do its part."""


@dataclass
class NotRecordedError(AgentError):
    """A session cannot be recorded; `kind` is the label of the metric: no-space, read-only, denied or io."""

    kind: str = "io"
    exit_code: ClassVar[int] = ExitCode.NOT_RECORDED


_KINDS = {
    errno.ENOSPC: ("no-space", "make the claim larger where its class allows that, or use another claimName"),
    errno.EDQUOT: ("no-space", "make the claim larger where its class allows that, or use another claimName"),
    errno.EFBIG: ("no-space", "a limit on file sizes was set from outside; open a new shell"),
    errno.EROFS: ("read-only", "the volume was mounted read-only; look at the node and the volume's events"),
    errno.EACCES: ("denied", "the volume must be writable for the pod's user or for its group fsGroup"),
    errno.EPERM: ("denied", "the volume must be writable for the pod's user or for its group fsGroup"),
}


def not_recorded(error: OSError, path: str) -> NotRecordedError:
    """The failure of a write to the recording at `path`, in words."""
    kind, hint = _KINDS.get(error.errno or 0, ("io", "look at the volume's events and its storage"))
    return NotRecordedError(f"cannot write the recording {path}: {os.strerror(error.errno or 0)}", hint, kind)
