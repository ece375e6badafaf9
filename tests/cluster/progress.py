"""What a person sees while the harness works: one line a step, the seconds it took, and the reason it failed.

Everything goes to stderr, so that stdout stays free for what a shell evaluates.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

HEARTBEAT_SECONDS = 10.0
POLL_SECONDS = 0.1
TAIL_LINES = 20


class HarnessError(Exception):
    """What a person must know to go on, in whole sentences; shown without a traceback."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(text: str, log: Path | None = None) -> Iterator[None]:
    """Announce a step, show every 10 s that it goes on (by the end of its log), and how long it took."""
    say(f"{text} …")
    began = time.monotonic()
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(text, began, over, log), daemon=True)
    beat.start()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        over.set()
        beat.join()
        say(f"{text}: {outcome} {time.monotonic() - began:.1f} s")


def _beat(text: str, began: float, over: threading.Event, log: Path | None) -> None:
    while not over.wait(HEARTBEAT_SECONDS):
        latest = tail(log, 1).strip()[:80] if log else ""
        say(f"  {text}: {time.monotonic() - began:.0f} s so far {latest}".rstrip())


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log; nothing when there is no such file yet."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program with its whole output in the log; HarnessError with the log's end if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        status = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=cwd, env=env, check=False
        ).returncode
    if status:
        words = " ".join(str(word) for word in command)
        raise HarnessError(f"{tail(log)}\nThis failed with status {status}: {words}\nIts whole output: {log}")


def output(command: Sequence[str | Path]) -> str:
    """What a short program prints; HarnessError with its complaint if it fails."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode:
        words = " ".join(str(word) for word in command)
        raise HarnessError(f"This failed with status {result.returncode}: {words}\n{result.stderr.strip()}")
    return result.stdout.strip()


def wait_until(ready: Callable[[], bool], what: str, seconds: float) -> None:
    """Poll until it is so; HarnessError at the deadline."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise HarnessError(f"{what}: not within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)
