"""The bar of `save`, at a real terminal and without one."""

import os
import subprocess
import sys

from terminal import Terminal

CODE = """
from troubleshooter_cli.commands.save import progress_of
from troubleshooter_cli.manifest import Entry
entries = [Entry("a/b/c.cast", 3_000_000, "0" * 64), Entry("a/b/d.cast", 9, "", running=True)]
with progress_of(entries) as on_bytes:
    on_bytes(1_500_000)
    import time
    time.sleep(0.5)
    on_bytes(1_500_000)
print("the end")
"""


def test_a_terminal_shows_how_far_it_is() -> None:
    with Terminal([sys.executable, "-c", CODE], cols=100) as terminal:
        terminal.expect("saving 2 files")
        terminal.expect("1.5/3.0 MB")
        terminal.expect("the end")
        assert terminal.wait() == 0


def test_nothing_is_drawn_where_nobody_looks() -> None:
    result = subprocess.run([sys.executable, "-c", CODE], env=os.environ, capture_output=True, check=True)
    assert (result.stdout, result.stderr) == (b"the end\n", b"")
