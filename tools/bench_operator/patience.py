"""Waiting for the cluster, seldom enough not to be what it is busy with."""

import time
from collections.abc import Callable
from typing import Final

WAIT_SECONDS: Final = 1800.0


def wait(until: Callable[[], bool], *, every: float, what: str) -> None:
    """TimeoutError after half an hour."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {WAIT_SECONDS:g} s")
        time.sleep(every)
