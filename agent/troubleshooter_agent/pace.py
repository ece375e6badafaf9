"""How fast a recording is played, and from where on; pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from troubleshooter_agent.asciicast import Event


@dataclass(frozen=True)
class Pace:
    """`speed` times faster, no pause above `idle_limit` seconds, from `at` seconds into the session on.

    What happened before `at` is painted at once, so that the screen is as it was then.
    """

    speed: float = 1.0
    idle_limit: float | None = None
    at: float = 0.0

    def of(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events at the times when they are to be shown, in seconds from the beginning."""
        before, shown = self.at, 0.0
        for event in events:
            pause = max(0.0, event.time - before)
            before = max(before, event.time)
            shown += (pause if self.idle_limit is None else min(pause, self.idle_limit)) / self.speed
            yield replace(event, time=shown)


AS_RECORDED: Final = Pace()
