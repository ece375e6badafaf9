"""The fuzzers start, try inputs, and find what is wrong; `make soak` runs them for minutes."""

import importlib.util
from pathlib import Path

import pytest
from fuzzing import TARGETS, fuzz

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris has no package for this Python or machine; it needs Python up to 3.13 on x86-64",
)


@pytest.mark.parametrize("target", TARGETS)
def test_fuzzer_tries_inputs(target: str, tmp_path: Path) -> None:
    assert fuzz(target, tmp_path, 2) > 100
