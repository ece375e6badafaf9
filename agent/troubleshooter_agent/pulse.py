"""What a recorder tells PID 1 while its session runs: keys, running work and the recording's length.

PID 1 owns the idle clock, so it gets the times of what happened, not their interpretation. Reports may
be lost when PID 1 is slow: the next one says the same or more.
"""

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from troubleshooter_agent import channel, process
from troubleshooter_agent.probe import is_working
from troubleshooter_agent.relay import SOON_SECONDS, TICK_SECONDS, Relay


class Pulse:
    """Collects and sends; `clock` gives seconds of CLOCK_BOOTTIME."""

    def __init__(self, control: socket.socket | None, clock: Callable[[], float]) -> None:
        self._control = control
        self._clock = clock
        self._key: float | None = None
        self._next_key = 0.0
        self._next_look = 0.0

    def keyed(self) -> None:
        """The person pressed a key."""
        self._key = self._clock()

    def patience(self) -> float:
        """How long the recorder may wait before the next beat."""
        return TICK_SECONDS if self._key is None else SOON_SECONDS

    def beat(self, relay: Relay, length: int) -> None:
        """Say what there is to say, keys at most five times a second, the rest once."""
        now = self._clock()
        if self._key is not None and now >= self._next_key:
            self._send({"key": self._key})
            self._key = None
            self._next_key = now + SOON_SECONDS
        if now >= self._next_look:
            self._next_look = now + TICK_SECONDS
            self._look(relay, length, now)

    def _look(self, relay: Relay, length: int, now: float) -> None:
        process.reap(spare=frozenset((relay.child.pid,)))
        message: dict[str, Any] = {"bytes": length}
        if relay.terminal is None or is_working(relay.child.outputs[0]):
            message["working"] = now
        self._send(message)

    def _send(self, message: dict[str, Any]) -> None:
        if self._control is not None:
            with contextlib.suppress(BlockingIOError, channel.ChannelClosedError):
                channel.send(self._control, message)
