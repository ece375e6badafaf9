"""`record`: a session of this machine, by the same pair of processes as in a toolbox, without PID 1."""

import os
import time
from contextlib import nullcontext
from pathlib import Path

from troubleshooter_agent import children, client, recorder, terminal
from troubleshooter_agent.errors import UsageError
from troubleshooter_agent.request import shell_argv
from troubleshooter_agent.session import Job, Program, Toolbox, cast_name, new_id


def record(output: Path | None, argv: tuple[str, ...]) -> int:
    """Record a program, or the person's shell, into `output`; its exit status."""
    job = _job(output, argv)
    if job.cast.exists():
        raise UsageError(f"{job.cast} exists", "no recording is ever overwritten: name another file with -o")
    status = _record(job)
    client.talk(f"recorded in {job.cast}; play it with: asciinema play {job.cast}")
    return status


def _job(output: Path | None, argv: tuple[str, ...]) -> Job:
    started = time.time()
    session_id = new_id()
    cast = (output or Path(cast_name(started, session_id))).absolute()
    return Job(
        id=session_id,
        started=started,
        user=os.environ.get("USER", "unknown"),
        verified=False,
        toolbox=Toolbox(namespace="", name=os.uname().nodename),
        program=Program(argv or shell_argv(os.environ), dict(os.environ), str(Path.cwd())),
        size=client.terminal_size(),
        root=cast.parent,
        cast=cast,
        hang_up_when_left=True,
    )


def _record(job: Job) -> int:
    client.prepare()
    hand_over = client.hand_over(job.size)
    child = children.fork(
        lambda ours: recorder.record(job, recorder.Ends(ours, None, hand_over.descriptors)), ()
    )
    with terminal.raw(0) if job.size else nullcontext():
        answer = client.listen(child.channel, hand_over)
    return client.leave(answer)
