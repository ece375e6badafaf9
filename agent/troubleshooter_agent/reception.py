"""Answers those who come to the door: a session, a reading, or a sentence why not; part of PID 1."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from troubleshooter_agent import channel
from troubleshooter_agent.contract import ExitCode, format_duration
from troubleshooter_agent.door import Visit, refuse
from troubleshooter_agent.log import Log
from troubleshooter_agent.motd import image_message, message_of_the_day
from troubleshooter_agent.readers import Readers
from troubleshooter_agent.recorders import Recorders
from troubleshooter_agent.request import Attach, Extend, Read, Request, shell_argv
from troubleshooter_agent.session import Job
from troubleshooter_agent.toolbox import Refusal, ToolboxState

MOST_OFFERS: Final = 9  # open sessions that a person is asked about


class Reception:
    """What the toolbox allows, `state` decides; `clock` gives seconds of CLOCK_BOOTTIME."""

    def __init__(
        self,
        state: ToolboxState,
        recorders: Recorders,
        readers: Readers,
        log: Log,
        clock: Callable[[], float],
    ) -> None:
        self._state = state
        self._recorders = recorders
        self._readers = readers
        self._log = log
        self._clock = clock
        self._image = image_message()

    def answer(self, visit: Visit) -> None:
        match visit.request:
            case Extend() as extend:
                self._extend(extend, visit)
                return
            case Read() as reading:
                refusal = self._state.reading_refusal() or self._read(reading, visit)
            case Attach() as attach:
                refusal = self._attach(attach, visit)
            case Request() as request:
                refusal = self._state.refusal() or self._open(request, visit)
        if refusal is not None:
            self._log.event("shell-refused", user=visit.request.user, why=refusal.sentence)
            refuse(visit, refusal)

    def _extend(self, extend: Extend, visit: Visit) -> None:
        to, said = self._state.extend(extend)
        if not extend.to:
            self._log.event("extension-wanted", user=extend.user, life=format_duration(to))
        message = {"exit": said.status, "say": said.sentence, "wait": said.wait, "to": to}
        channel.tell(visit.connection, message)

    def _read(self, reading: Read, visit: Visit) -> Refusal | None:
        """In a toolbox the reader leaves a note on the volume; in a replay we do, in the log."""
        if self._state.projected.replay:
            return self._readers.admit(reading, visit)
        channel.tell(visit.connection, {"read": True, "note": str(self._state.folder)})
        return None

    def _attach(self, attach: Attach, visit: Visit) -> Refusal | None:
        found = self._state.wanted(attach, entered_at=visit.entered_at)
        if isinstance(found, Refusal):
            return found
        self._log.event("attach", id=found.id, user=attach.user, view=attach.view)
        return self._recorders.attach(found.id, attach, visit)

    def _open(self, request: Request, visit: Visit) -> Refusal | None:
        offers = [session.offer() for session in self._state.offers(request)]
        if offers:
            channel.tell(visit.connection, {"offers": offers[:MOST_OFFERS]})
            return None
        is_shell = not request.argv
        if is_shell:
            request = replace(request, argv=shell_argv(request.environment))
        job = self._state.job(request, self._clock(), entered_at=visit.entered_at)
        if is_shell:
            job = self._greeted(job)
        try:
            self._recorders.open(job, visit)
        except OSError as error:
            return Refusal(
                ExitCode.NOT_RECORDED,
                f"this toolbox has no room for another session ({error.strerror}); close one and try again",
            )
        return None

    def _greeted(self, job: Job) -> Job:
        left = self._state.ends_at - self._clock()
        motd = message_of_the_day(job, self._state.projected, left, self._image)
        return replace(job, first_line=self._state.greeting(job), motd=motd)
