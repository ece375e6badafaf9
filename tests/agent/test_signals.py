"""Signals as a descriptor, and who sent them: PID 1 obeys nobody from inside."""

import subprocess
import sys

import pytest
from kubelet import AGENT_ROOT
from processes import PATIENCE

# PID 1 of a namespace of its own, which tells each signal and ends at SIGQUIT from outside.
LISTENER = f"""
import sys; sys.path.insert(0, {str(AGENT_ROOT)!r})
import select, signal
from troubleshooter_agent import signals
numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
signals.block(numbers)
fd = signals.descriptor(numbers)
print("none" if signals.read(fd) == [] else "some", flush=True)
while True:
    select.select([fd], [], [])
    for arrived in signals.read(fd):
        print(arrived.number.name, arrived.is_from_outside, flush=True)
"""
# The most that a process inside can do: SI_QUEUE with a forged sender (rt_sigqueueinfo takes no SI_USER).
FORGE = """
import ctypes, os, struct
sigqueueinfo = {"x86_64": 129}.get(os.uname().machine, 138)
libc = ctypes.CDLL(None, use_errno=True)
for code in (-1, 0):
    info = struct.pack("iiiIII104x", 15, 0, code, 0, 0, 0)
    print(libc.syscall(sigqueueinfo, 1, 15, info), flush=True)
"""


@pytest.fixture
def listener() -> "subprocess.Popen[str]":
    listening = subprocess.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-c", LISTENER],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert line_of(listening) == "none"
    return listening


def line_of(listening: "subprocess.Popen[str]") -> str:
    assert listening.stdout
    return listening.stdout.readline().strip()


def test_sender_is_inside_or_outside_of_the_namespace_and_cannot_pretend(
    listener: "subprocess.Popen[str]",
) -> None:
    """Whatever a process of the pod sends, only what the runtime sends is from outside."""
    with listener:
        try:
            (child,) = children(listener.pid)
            for name in ("TERM", "INT", "HUP", "QUIT"):
                subprocess.run(["kill", f"-{name}", child], check=True)
                assert line_of(listener) == f"SIG{name} True"
                subprocess.run(inside(child, "sh", "-c", f"kill -{name} 1"), check=True)
                assert line_of(listener) == f"SIG{name} False"
            forged = subprocess.run(
                inside(child, sys.executable, "-c", FORGE), check=True, capture_output=True
            )
            assert forged.stdout == b"0\n-1\n"
            assert line_of(listener) == "SIGTERM False"
            for fatal in ("SEGV", "STOP", "KILL", "ABRT"):
                subprocess.run(inside(child, "sh", "-c", f"kill -{fatal} 1"), check=True)
            subprocess.run(["kill", "-TERM", child], check=True)
            assert line_of(listener) == "SIGTERM True"
        finally:
            listener.kill()


def children(pid: int) -> list[str]:
    result = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return result.stdout.split()


def inside(target: str, *words: str) -> list[str]:
    return ["nsenter", "--target", target, "--pid", "--mount", "--", *words]
