"""The message of the day: what a person should know who opens a shell; pure, but for the image's own words.

`reception` adds it below the greeting of each shell on a terminal. It says only what is so in this
toolbox, now: later changes of the life time are told by the prompt.
"""

from pathlib import Path
from typing import Final

from troubleshooter_agent.annotations import Projected
from troubleshooter_agent.contract import Retained, format_duration
from troubleshooter_agent.session import Job, printable

IMAGE_MESSAGE: Final = Path("/etc/motd")  # what an image has to say for itself: its tools
_IMAGE_BYTES: Final = 2048


def image_message(path: Path = IMAGE_MESSAGE) -> tuple[str, ...]:
    """The lines of the image's own message, none if it has none."""
    try:
        with path.open("rb") as file:
            text = file.read(_IMAGE_BYTES)
    except OSError:
        return ()
    return tuple(printable(line) for line in text.decode(errors="replace").splitlines())


def message_of_the_day(
    job: Job, projected: Projected, seconds_left: float, image: tuple[str, ...]
) -> tuple[str, ...]:
    """Who one is and where, the image's message, how much time is left, how to leave, what stays then."""
    return (
        f"You:    {_who(job)} in {_where(job)}",
        *image,
        f"Time:   {_left(seconds_left)} left; ask for more with: shell extend 15m",
        "Leave:  exit or Ctrl-D; if the connection breaks, a new shell offers to go on",
        f"At the end of the toolbox /home and /tmp go; {_what_stays(job, projected)}",
    )


def _who(job: Job) -> str:
    checked = "as the cluster knows you" if job.verified else "a name that nobody has checked"
    return f"{printable(job.user)}, {checked},"


def _where(job: Job) -> str:
    toolbox = job.toolbox
    run = f", run {toolbox.run}" if toolbox.run > 1 else ""
    purpose = f": {printable(toolbox.purpose)}" if toolbox.purpose else ""
    return f"{toolbox.namespace}/{toolbox.name}{run}{purpose}"


def _left(seconds: float) -> str:
    """Whole minutes, but for the last one."""
    return format_duration(seconds - seconds % 60 if seconds >= 60 else max(seconds, 0.0))


def _what_stays(job: Job, projected: Projected) -> str:
    if not job.recorded:
        return "nothing stays"
    if not job.saved:
        return "the recording stays in the log"
    until = " until somebody deletes their claim" if projected.retained is Retained.NOT_PERMITTED else ""
    return f"recordings stay{until}"
