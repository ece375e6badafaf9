"""What a forked process only reads it does not copy, in interpreters that have immortal objects."""

import json
import shutil
import subprocess
import sys

import pytest
from kubelet import AGENT_ROOT
from processes import PATIENCE

# A child reads 100,000 objects of its parent, and tells how many kB of memory it then has to itself.
READ_IN_A_CHILD = """
import gc, json, os, sys
sys.path.insert(0, sys.argv[1])
from troubleshooter_agent import immortal

objects = [(str(number), [number]) for number in range(100_000)]
gc.collect()
made = immortal.make_immortal() if sys.argv[2] == "immortal" else 0
gc.freeze()
if os.fork() == 0:
    for name, numbers in objects:
        number = numbers[0]
    with open("/proc/self/smaps_rollup") as lines:
        (kilobytes,) = [int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:")]
    print(json.dumps([immortal.is_possible(), made, kilobytes]), flush=True)
    os._exit(0)
os.wait()
raise SystemExit(7)
"""
INTERPRETERS = [sys.executable, *filter(None, map(shutil.which, ("python3.12", "python3.13")))]


def read_in_a_child(interpreter: str, how: str) -> tuple[bool, int, int]:
    """Whether objects can be made immortal there, how many were, and the child's kB of its own."""
    command = [interpreter, "-B", "-c", READ_IN_A_CHILD, str(AGENT_ROOT), how]
    result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if result.returncode == 127:
        pytest.skip("only a shim of pyenv's stands there")
    assert (result.returncode, result.stderr) == (7, ""), "the parent has to end as it would have"
    is_possible, made, kilobytes = json.loads(result.stdout)
    return is_possible, made, kilobytes


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_what_is_immortal_is_read_without_a_copy(interpreter: str) -> None:
    is_possible, made, kilobytes = read_in_a_child(interpreter, "immortal")
    _, _, otherwise = read_in_a_child(interpreter, "mortal")
    assert otherwise > 10_000
    if is_possible:
        assert made > 200_000
        assert kilobytes < 3_000
    else:
        assert made == 0
        assert kilobytes > 10_000


def test_it_is_possible_from_3_12_on_and_not_in_a_version_that_counts_otherwise() -> None:
    is_possible, _, _ = read_in_a_child(sys.executable, "mortal")
    assert is_possible == ((3, 12) <= sys.version_info < (3, 14))
