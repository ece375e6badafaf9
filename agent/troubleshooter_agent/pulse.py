"""What a recorder tells PID 1 while its session runs: keys, running work and the recording's length.

PID 1 owns the idle clock, so it gets the times of what happened, not their interpretation. Reports may
be lost when PID 1 is slow: the next one says the same or more.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent import channel, process
from troubleshooter_agent.probe import is_working
from troubleshooter_agent.relay import SOON_SECONDS, Relay

LOOK_SECONDS: Final = 1.0  # between looks for running work, while there may be some
REST_SECONDS: Final = 5.0  # between beats while there can be none; PID 1 wants one in 15 s
SETTLE_SECONDS: Final = 2.0  # what a program may take to begin, or to wait again, after a key
RECHECK_SECONDS: Final = 30.0  # should work have begun by itself after all, such as in a detached tmux


@dataclass
class Rhythm:
    """When a session is to be looked at again; pure, all times are seconds of one clock.

    A session in which nothing happens costs nearly nothing: where no work was seen, none can begin without
    a key, output or a new size, and each of those ends the recorder's wait early. So work is not looked for
    again until a wait has ended early, and then until what came of it has settled.
    """

    stirred: float  # when something happened last
    next_look: float = 0.0
    _last_look: float = 0.0
    _next_probe: float = 0.0
    _awaited: float = 0.0
    _is_settled: bool = False
    _works: bool = False

    def wait_until(self, now: float, due: float) -> float:
        """The wait that begins now is to end at `due`; how long that is."""
        self._awaited = max(now, due)
        return self._awaited - now

    def woke(self, now: float) -> None:
        """The wait is over; if before its time, then something happened."""
        if now < self._awaited:
            self.stirred = now
            self._is_settled = False
            self.next_look = min(self.next_look, self._last_look + LOOK_SECONDS)

    def wants_probe(self, now: float) -> bool:
        """Whether work may be running, or may have begun; otherwise there is none."""
        return self._works or not self._is_settled or now >= self._next_probe

    def probed(self, now: float, *, works: bool) -> None:
        """What a probe has found."""
        self._works = works
        self._next_probe = now + RECHECK_SECONDS
        self._is_settled = now - self.stirred >= SETTLE_SECONDS

    def looked(self, now: float) -> None:
        """The look is over; when the next one is due."""
        self._last_look = now
        self.next_look = now + (REST_SECONDS if self._is_settled and not self._works else LOOK_SECONDS)


class Pulse:
    """Collects and sends; `clock` gives seconds of CLOCK_BOOTTIME."""

    def __init__(self, control: socket.socket | None, clock: Callable[[], float]) -> None:
        self._control = control
        self._clock = clock
        self._key: float | None = None
        self._next_key = 0.0
        self._rhythm = Rhythm(stirred=clock())

    def keyed(self) -> None:
        """The person pressed a key."""
        self._key = self._clock()

    def patience(self) -> float:
        """How long the recorder may wait before the next beat; 0 when one is due."""
        look = self._rhythm.next_look
        return self._rhythm.wait_until(
            self._clock(), look if self._key is None else min(self._next_key, look)
        )

    def beat(self, relay: Relay, progress: Callable[[], dict[str, Any]]) -> None:
        """Say what there is to say: keys at most five times a second, the rest once or less."""
        now = self._clock()
        self._rhythm.woke(now)
        if self._key is not None and now >= self._next_key:
            self._send({"key": self._key})
            self._key = None
            self._next_key = now + SOON_SECONDS
        if now >= self._rhythm.next_look:
            self._look(relay, progress(), now)

    def _look(self, relay: Relay, progress: dict[str, Any], now: float) -> None:
        process.reap(spare=frozenset((relay.child.pid,)))
        message = {**progress, "attended": relay.is_attended}
        if self._works(relay, now):
            message["working"] = now
        self._send(message)
        self._rhythm.looked(now)

    def _works(self, relay: Relay, now: float) -> bool:
        if not self._rhythm.wants_probe(now):
            return False
        works = relay.terminal is None or is_working(relay.child.outputs[0], os.getpid())
        self._rhythm.probed(now, works=works)
        return works

    def _send(self, message: dict[str, Any]) -> None:
        channel.tell(self._control, message)
