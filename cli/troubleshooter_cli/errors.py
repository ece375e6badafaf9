"""What can go wrong, each with a remedy and an exit status; every command ends by one of these or well.

TroubleshootError
    UsageError          2   what was typed is not understood
    NotFoundError       3   no such toolbox, recording, claim or volume
    ForbiddenError      4   the API server or a policy says no
    NotReadyError       5   it did not become ready, or has ended
    UnreachableError    6   no answer from the API server, or no kubectl
    BrokenError         7   a connection broke off, or what was copied is not what was recorded
"""

from typing import ClassVar


class TroubleshootError(Exception):
    """One sentence of what is wrong, and one of what to do about it."""

    exit_status: ClassVar[int] = 1

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy


class UsageError(TroubleshootError):
    exit_status = 2


class NotFoundError(TroubleshootError):
    exit_status = 3


class ForbiddenError(TroubleshootError):
    exit_status = 4


class NotReadyError(TroubleshootError):
    exit_status = 5


class UnreachableError(TroubleshootError):
    exit_status = 6


class BrokenError(TroubleshootError):
    exit_status = 7
