"""What holds for every test: a clean environment, nothing left running, tests of timing last."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

LEFT_OVER_DEADLINE = 2.0
POLL_SECONDS = 0.02
# Other work on the machine makes an example slow, which says nothing of the code.
settings.register_profile("ours", deadline=None, database=None)
settings.load_profile("ours")

# Which cluster is this checkout's: without it, the harness would work on somebody else's.
OURS = "TROUBLESHOOTER_CLUSTER"
# Of the developer's own shell; a test that wants one of these says so itself.
FOREIGN = ("KUBECONFIG", "LC_ALL", "TZ", "COLUMNS", "LINES", "PS1", "PROMPT_COMMAND", "SHELL")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of seconds run last, when no other test's pods are at work."""
    items.sort(key=lambda item: item.get_closest_marker("timing") is not None)


@pytest.fixture(autouse=True, scope="session")
def clean_environment() -> Iterator[None]:
    """The same environment on every developer's machine, but for a cluster that is asked for by name."""
    wanted = ("KUBECONFIG",) if os.environ.get("CLUSTER") == "current" else ()
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name in wanted:
                continue
            if name in FOREIGN or (name.startswith("TROUBLESHOOTER_") and name != OURS):
                patch.delenv(name)
        patch.setenv("LANG", "C.UTF-8")
        patch.setenv("TERM", "xterm")
        yield


@pytest.fixture(autouse=True, scope="session")
def ordinary_signals() -> Iterator[None]:
    """Who starts the tests with nohup or in the background has them, and all they start, ignore signals."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A test ends the threads and the child processes that it started."""
    threads, children = set(threading.enumerate()), child_processes()
    yield
    deadline = time.monotonic() + LEFT_OVER_DEADLINE
    while left := [*(set(threading.enumerate()) - threads), *(child_processes() - children)]:
        if time.monotonic() > deadline:
            pytest.fail(f"the test left running: {left}")
        time.sleep(POLL_SECONDS)


def child_processes() -> set[str]:
    """Our children, zombies too, as PID and command."""
    pids = [pid for file in Path("/proc/self/task").glob("*/children") for pid in _read(file).split()]
    return {f"{pid} {_read(Path('/proc', pid, 'comm')).strip() or '?'}" for pid in pids}


def _read(file: Path) -> str:
    """Empty, too, if its thread or process is gone since it was found."""
    try:
        return file.read_text()
    except OSError:
        return ""
