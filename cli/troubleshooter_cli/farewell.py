"""What is said after a shell: what was recorded, how long the toolbox lives, what can come next; pure."""

from collections.abc import Sequence

from troubleshooter_agent.contract import ExitCode, format_duration, format_time
from troubleshooter_cli.recordings import Recording
from troubleshooter_cli.talk import PROGRAM
from troubleshooter_cli.toolboxes import Toolbox, span

Lines = list[str]


def latest_of(recordings: Sequence[Recording], user: str) -> Recording | None:
    """The person's session that ended last; a running one if none has ended."""
    theirs = [one for one in recordings if one.user == user]
    return max(theirs, key=lambda one: (one.ended_at, one.started_at), default=None)


def goes_on(recordings: Sequence[Recording], user: str) -> bool:
    """Whether a session of the person still runs: another terminal has taken it over."""
    return any(one.is_running and one.user == user for one in recordings)


def recorded(box: Toolbox, found: Recording | None) -> str:
    """What became of the session."""
    if not box.claim:
        return (
            f"the session is in the log of pod {box.pod.name}"
            if box.spec.get("logToStdout")
            else ("the session was not recorded: nothing is saved in this toolbox")
        )
    if found is None:
        return f"what was recorded is on claim {box.claim}"
    length = "" if found.seconds is None else f", {format_duration(found.seconds)}"
    return f"recorded as {found.id}{length}, {found.bytes} bytes, on claim {box.claim}"


def life(box: Toolbox, status: int, now: float) -> str:
    """Whether the toolbox goes on, and until when."""
    end = box.condition("Ended")
    if box.is_ended:
        return f"toolbox {box.name} has ended: {end.message} ({end.reason})"
    if status == ExitCode.ENDED_BY_TOOLBOX:
        return f"toolbox {box.name} has ended the session; {PROGRAM} describe {box.name} says why"
    if box.expires_at is None:
        return f"toolbox {box.name} goes on"
    left = span(box.expires_at - now)
    idle = (box.status.get("resolved") or {}).get("idleTimeout")
    sooner = f", sooner if nobody works in it for {idle}" if idle else ""
    return f"toolbox {box.name} lives until {format_time(box.expires_at)} ({left} left){sooner}"


def commands(box: Toolbox, found: Recording | None, status: int) -> Lines:
    """The command lines that come next, each with what it is for."""
    over = box.is_ended or status == ExitCode.ENDED_BY_TOOLBOX
    session = found.id if found else f"{box.name}/last"
    play = [(f"play {session}", "replays this session")] if box.claim else []
    again = [(f"again {box.name}", "starts it anew on the same volume")]
    going_on = [
        (f"shell {box.name}", "opens another shell"),
        (f"extend {box.name} 15m", "lets it live longer"),
        (f"stop {box.name}", "ends it; recordings stay"),
    ]
    lines = [*play, *(again if over else going_on)]
    width = max(len(words) for words, _ in lines)
    return [f"  {PROGRAM} {words.ljust(width)}   {what}" for words, what in lines]
