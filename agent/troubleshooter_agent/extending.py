"""The client of `shell extend`: asks PID 1 for a longer life, and waits for what the operator says.

The deadline moves when the operator has written so on the pod, never before.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from troubleshooter_agent import channel, client
from troubleshooter_agent.client import Answer
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.request import DESCRIPTORS, Extend

WAIT_SECONDS: Final = 30.0  # the operator looks every 10, and what it writes takes a while to get here
RETRY_SECONDS: Final = 0.5


def extend(
    by: int,
    user: str,
    address: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Ask for `by` seconds more; 0 once the toolbox lives so long, 1 if it does not."""
    wish = Extend(by, user)
    deadline = clock() + WAIT_SECONDS
    while True:
        answer, to = _ask(wish, address)
        if not answer.wait or clock() >= deadline:
            return client.leave(answer)
        wish = replace(wish, to=to)
        pause(RETRY_SECONDS)


def _ask(wish: Extend, address: str) -> tuple[Answer, int]:
    with client.connect(address) as connection:
        channel.send(connection, wish.to_message(), DESCRIPTORS)
        try:
            message = channel.receive(connection).message
        except channel.ChannelClosedError:
            message = {}
    match message:
        case {"exit": int() as status, "say": str() as say, "wait": bool() as wait, "to": int() as to}:
            return Answer(status, say, wait=wait), to
    return Answer(ExitCode.AGENT_FAULT, "the agent closed the connection"), 0
