"""`follow`: a recording that is being made, live and gapless, from its present screen on.

It waits by looking at the file twenty times a second, which costs next to nothing, and works on every
volume. It writes nothing but to the viewer.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from troubleshooter_agent import client, terminal
from troubleshooter_agent.listing import printable
from troubleshooter_agent.snapshot import WINDOW, snapshot
from troubleshooter_agent.tail import POLL_SECONDS, Tail
from troubleshooter_agent.viewer import Viewer
from troubleshooter_agent.volume import is_running, open_recording

LOCK_SECONDS: Final = 0.5  # between two looks at whether the recorder lives
MEND_SECONDS: Final = 2.0  # after its death, for the marker that PID 1 puts there
_GONE: Final = "its recorder is gone, and nobody has said why"


def follow(
    root: Path,
    wanted: str,
    *,
    out: int = 1,
    keys: int = 0,
    wait: Callable[[], None] = lambda: time.sleep(POLL_SECONDS),
) -> int:
    """Show a running recording until it ends, or until the viewer presses Ctrl-C or goes; 0.

    `out` and `keys` are the viewer's descriptors; keys that are pressed meanwhile go nowhere.
    """
    why = "you have left it"
    with open_recording(root, wanted) as cast, terminal.quiet(out), terminal.quiet(keys):
        viewer = Viewer(out)
        try:
            with suppress(KeyboardInterrupt, BrokenPipeError):
                why = Following(cast, viewer).run(wait)
        finally:
            with suppress(OSError):  # the terminal may be gone
                viewer.leave()
    client.talk(f"{printable(wanted)}: {printable(why)}")
    return 0


class Following:
    """One viewer of one recording."""

    def __init__(self, cast: BinaryIO, viewer: Viewer) -> None:
        self._cast = cast
        self._viewer = viewer
        self._is_over = Over(lambda: is_running(cast))
        found = snapshot(cast, _length(cast))
        self._tail = Tail(cast, found.end)
        viewer.join(found)

    def run(self, wait: Callable[[], None]) -> str:
        """Show all that comes; why there is no more."""
        while self._tail.ended is None:
            is_last = self._is_over()  # asked before looking: what was written before its end is not missed
            self._catch_up()
            events = self._tail.read()
            if events and not self._viewer.show(events):
                self._viewer.join(snapshot(self._cast, self._tail.offset))
            if not events:
                if is_last:
                    return _GONE
                wait()
        return self._tail.ended.text

    def _catch_up(self) -> None:
        """Join again when the window has another size, or when drawing takes longer than recording."""
        if self._viewer.is_resized():
            self._viewer.join(snapshot(self._cast, self._tail.offset))
        if self._viewer.is_drawing and self._tail.behind() > 2 * WINDOW:
            found = snapshot(self._cast, _length(self._cast))
            self._tail = Tail(self._cast, found.end)
            self._viewer.join(found)


class Over:
    """Whether a recorder has been gone for so long that nothing more will come."""

    def __init__(self, is_alive: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._is_alive = is_alive
        self._clock = clock
        self._looked = clock() - LOCK_SECONDS
        self._gone: float | None = None

    def __call__(self) -> bool:
        now = self._clock()
        if self._gone is None and now - self._looked >= LOCK_SECONDS:
            self._looked = now
            self._gone = None if self._is_alive() else now
        return self._gone is not None and now - self._gone >= MEND_SECONDS


def _length(cast: BinaryIO) -> int:
    return cast.seek(0, os.SEEK_END)
