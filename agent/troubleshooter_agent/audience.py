"""Who is at a recorded session: the person at its terminal, whoever takes it over, and who looks on.

Part of a recorder: `recorder` hands it the clients' messages and PID 1's word that somebody comes. Those
who look on read the recording by themselves, so however slow they are, no session waits for them.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from troubleshooter_agent import channel
from troubleshooter_agent.contract import ExitCode
from troubleshooter_agent.outlet import Outlet
from troubleshooter_agent.relay import Relay
from troubleshooter_agent.session import Job, printable

PAINT_SECONDS: Final = 3.0  # what a new client has to draw the screen before output goes on

OpenOutlet = Callable[[int], Outlet]  # a passed descriptor of a terminal to the way to its person


@dataclass
class Person:
    """Somebody who is there: their connection, and the descriptors of a terminal that are theirs."""

    user: str
    connection: socket.socket
    descriptors: frozenset[int] = frozenset()

    def tell(self, message: dict[str, Any]) -> None:
        """Send to somebody who may be gone."""
        channel.tell(self.connection, message)

    def dismiss(self, message: dict[str, Any]) -> None:
        """Say the last word and let go of all that is theirs."""
        self.tell(message)
        self.connection.close()
        for fd in self.descriptors:
            os.close(fd)


class Audience:
    """All of them; `came` is called when a person has taken the session over."""

    def __init__(
        self, job: Job, relay: Relay, person: Person, open_outlet: OpenOutlet, came: Callable[[], None]
    ) -> None:
        self._job = job
        self._relay = relay
        self._person = person
        self._open_outlet = open_outlet
        self._came = came
        self._viewers: list[Person] = []
        self._expect(person)

    def dismiss(self, message: dict[str, Any]) -> None:
        """The session is over: everybody is told, the person in charge last."""
        for viewer in self._viewers:
            viewer.tell(message)
        self._person.tell(message)

    def welcome(self, message: dict[str, Any], descriptors: list[int]) -> None:
        """Let somebody in whom PID 1 has checked; `descriptors` are a connection and a terminal."""
        connection, terminal, *rest = descriptors
        match message:
            case {"user": str() as user, "size": [int() as columns, int() as rows], "view": False}:
                person = Person(user, socket.socket(fileno=connection), frozenset((terminal, *rest)))
                self._take_over(person, terminal, (columns, rows))
            case {"user": str() as user, "view": True}:
                for fd in (terminal, *rest):
                    os.close(fd)
                self._look_on(Person(user, socket.socket(fileno=connection)))

    def _take_over(self, person: Person, terminal: int, size: tuple[int, int]) -> None:
        former, self._person = self._person, person
        self._forget(former)
        outlet = self._open_outlet(terminal)
        outlet.hold(self._relay.clock() + PAINT_SECONDS)
        former.descriptors |= {self._relay.replace(outlet)}
        self._relay.writer.marker("reconnected" + (f": {person.user}" if person.user != former.user else ""))
        self._relay.resize(*size)
        former.dismiss(
            {
                "exit": ExitCode.ENDED_BY_TOOLBOX,
                "say": f"this session was taken over by {printable(person.user)}; it goes on there",
            }
        )
        self._expect(person)
        person.tell(self._place())
        self._came()

    def _look_on(self, viewer: Person) -> None:
        self._viewers.append(viewer)
        self._relay.writer.marker(f"viewer joined: {viewer.user}")
        self._relay.say(f"{printable(viewer.user)} looks on")
        self._relay.loop.watch(viewer.connection.fileno(), lambda: self._hear_viewer(viewer))
        viewer.tell(self._place())

    def _place(self) -> dict[str, Any]:
        """Where the recording is, and how much of it the newcomer is to draw before the rest follows."""
        return {
            "attached": self._job.id,
            "cast": str(self._job.cast),
            "length": self._relay.writer.sink.length,
        }

    def _expect(self, person: Person) -> None:
        self._relay.loop.watch(person.connection.fileno(), lambda: self._hear(person))

    def _forget(self, person: Person) -> None:
        self._relay.loop.forget(person.connection.fileno())

    def _hear(self, person: Person) -> None:
        try:
            message = channel.receive(person.connection).message
        except channel.ChannelClosedError:
            self._forget(person)
            self._relay.left()
            return
        match message:
            case {"size": [int() as columns, int() as rows]}:
                self._relay.resize(columns, rows)
            case {"painted": True}:
                self._relay.go_on()
                self._relay.redraw()

    def _hear_viewer(self, viewer: Person) -> None:
        try:
            channel.receive(viewer.connection)
        except channel.ChannelClosedError:
            self._forget(viewer)
            self._viewers.remove(viewer)
            viewer.connection.close()
            self._relay.writer.marker(f"viewer left: {viewer.user}")
            self._relay.say(f"{printable(viewer.user)} no longer looks on")
