"""What is said while something is waited for stands on lines of its own, and the spinner leaves nothing."""

import sys

from screens import lines, shown
from terminal import Terminal

from troubleshooter_cli import talk

SAYING = f"""
import time
from {talk.__name__} import say, waiting
with waiting("for a pod") as update:
    time.sleep(0.3)
    say("0.2 s  toolbox made")
    update("for a volume")
    time.sleep(0.3)
    say("0.5 s  volume bound")
print("done")
"""


def test_what_is_said_beside_a_spinner() -> None:
    with Terminal([sys.executable, "-c", SAYING], cols=60, rows=10) as terminal:
        terminal.expect("done")
        screen = lines(shown(60, 10, terminal.shown.decode()))
    assert "⠋" in terminal.shown.decode()
    assert [line.rstrip() for line in screen if line.strip()] == [
        "0.2 s  toolbox made", "0.5 s  volume bound", "done",
    ]  # fmt: skip
