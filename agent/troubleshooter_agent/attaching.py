"""The client of `shell attach`: draws the screen of an open session, then lends its terminal to it.

With `--view` it only looks: it reads the recording as it grows, so the session never waits for it. The
screen comes from the recording too, since a recorder emulates no terminal.
"""

import os
import select
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from troubleshooter_agent import channel, client, signals, terminal
from troubleshooter_agent.client import Answer, Offer
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.follow import follow
from troubleshooter_agent.recording import write_all
from troubleshooter_agent.request import DESCRIPTORS, Attach
from troubleshooter_agent.snapshot import snapshot
from troubleshooter_agent.volume import ReadingError

NEW_SHELL: Final = "n"
_LINE_BYTES: Final = 1024


def attach(session_id: str, user: str, address: str, *, view: bool = False) -> int:
    """Take over an open session, or look on; its exit status, 0 for who has only looked."""
    size = client.terminal_size()
    if size is None:
        raise UsageError("attach needs a terminal", "write: kubectl exec -it POD -- shell attach")
    wanted = Attach(session_id, user, size, view)
    with client.connect(address) as connection:
        return _look_on(connection, wanted) if view else client.leave(_take_over(connection, wanted))


def choose(offers: Sequence[Offer], ask: Callable[[str], str] | None = None) -> str | None:
    """The id of the session that the person wants to go on with; None for a new shell."""
    client.talk(
        "a session of yours is still open" if len(offers) == 1 else "sessions of yours are still open"
    )
    for number, offer in enumerate(offers, 1):
        client.talk(
            f"  {number}  {offer.id}  since {offer.started}{'' if offer.attended else ', left alone'}"
        )
    answers = {str(number): offer.id for number, offer in enumerate(offers, 1)}
    numbers = "1" if len(offers) == 1 else f"1 to {len(offers)}"
    while True:
        answer = (ask or _ask)(f"go on with it ({numbers}), or open a new shell ({NEW_SHELL})? ").strip()
        if answer == NEW_SHELL:
            return None
        if answer in answers:
            return answers[answer]


def _take_over(connection: socket.socket, wanted: Attach) -> Answer:
    client.prepare()
    handed = client.hand_over(wanted.size)
    with terminal.raw(0):
        try:
            channel.send(connection, wanted.to_message(), handed.descriptors)
        except channel.ChannelClosedError:
            return Answer(ExitCode.AGENT_FAULT, "the agent closed the connection")
        return client.listen(connection, handed, attached=_paint)


def _paint(cast: Path, length: int) -> None:
    """Draw what the session's terminal shows; a screen that cannot be drawn is no reason not to go on."""
    with suppress(OSError, ReadingError), cast.open("rb") as file:
        shown = snapshot(file, length)
        write_all(1, shown.paint() + shown.input_modes())


def _look_on(connection: socket.socket, wanted: Attach) -> int:
    channel.send(connection, wanted.to_message(), DESCRIPTORS)
    match channel.receive(connection).message:
        case {"attached": str(), "cast": str() as cast}:
            return follow(Path(cast).parent, cast)
        case {"exit": int() as status, "say": str() as sentence}:
            return client.leave(Answer(status, sentence))
    return client.leave(Answer(ExitCode.AGENT_FAULT, "the agent gave no answer"))


def _ask(question: str) -> str:
    """A line from the person; SystemExit if they leave instead."""
    os.write(2, question.encode())
    fd = signals.descriptor(client.SIGNALS)
    try:
        while True:
            ready, _, _ = select.select([0, fd], (), ())
            if 0 in ready:
                line = os.read(0, _LINE_BYTES)
                if not line:
                    raise SystemExit(ExitCode.OK)
                return line.decode(errors="replace")
            for arrived in signals.read(fd):
                if arrived.number != signal.SIGWINCH:
                    raise SystemExit(128 + arrived.number)
    finally:
        os.close(fd)
