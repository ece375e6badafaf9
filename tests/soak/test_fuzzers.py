"""Fuzzers for a bounded time: what strangers may write or send breaks neither readers, repair nor PID 1."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soak
from fuzzing import TARGETS, fuzz

pytestmark = pytest.mark.soak

SECONDS = soak.scaled(300)


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_breaks_it(target: str, tmp_path: Path, note: Callable[..., None]) -> None:
    note("fuzz", **{f"inputs_of_{target}": fuzz(target, tmp_path, SECONDS)})
