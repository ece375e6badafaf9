"""The operator's errors. The type says what to do, so nobody has to read a message to know.

OperatorError
├── TemporaryError            try again, after `delay` seconds if it names any
│   ├── UnreachableError      no answer, or none that can be read
│   ├── GoneError             the watch's place is no longer known: list again
│   └── ConflictError         our picture was old: look again
└── PermanentError            trying again changes nothing by itself
    ├── NotFoundError         there is no such object
    ├── AlreadyExistsError    there is one already
    ├── ForbiddenError        the API server refuses: rights, quota, Pod Security, or an invalid object
    └── RefusedError          we refuse: class, limits, claim or pod name; carries the reason of Ready
"""


class OperatorError(Exception):
    """The root: everything that the operator expects to go wrong."""


class TemporaryError(OperatorError):
    def __init__(self, message: str, delay: float | None = None) -> None:
        super().__init__(message)
        self.delay = delay


class UnreachableError(TemporaryError):
    pass


class GoneError(TemporaryError):
    pass


class ConflictError(TemporaryError):
    pass


class PermanentError(OperatorError):
    pass


class NotFoundError(PermanentError):
    pass


class AlreadyExistsError(PermanentError):
    pass


class ForbiddenError(PermanentError):
    pass


class RefusedError(PermanentError):
    """`reason` is a reason of the condition Ready, the message one sentence with the remedy."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
