"""What a reading prints to: a reader who has seen enough (`| head`) is no failure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any


@contextmanager
def reader_may_leave(out: IO[Any]) -> Iterator[None]:
    """When the reader leaves, what is left goes nowhere."""
    try:
        yield
        out.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
