"""Starts the recorded program, on a new terminal or on pipes; called by the recorder, once.

ptyprocess spawns and nothing else: its wait, close and terminate collide with a process that reaps by
itself, so a child is known by its pidfd. The signal mask and dispositions of the agent end here.
"""

import errno
import os
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import ptyprocess

from troubleshooter_agent import process
from troubleshooter_agent.session import Program

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
_FIRST_TO_GO: Final = "1000"  # oom_score_adj: when memory is short the kernel ends this, not the recorder


@dataclass(frozen=True)
class Child:
    """A running program: on a terminal `outputs` is its master alone, else stdout and stderr."""

    pid: int
    pidfd: int
    outputs: tuple[int, ...]
    keep: Any = field(repr=False)  # its spawner's object, whose finaliser would close descriptors
    input: int | None = None  # the pipe that it reads, where it does not read the person's own


@dataclass
class CannotRunError(Exception):
    """The program did not start; `status` is what a shell would answer, 126 or 127."""

    message: str
    status: int

    def __str__(self) -> str:
        return self.message


def on_terminal(program: Program, *, columns: int, rows: int) -> Child:
    """Run a program on a new terminal of that size; CannotRunError if it cannot be run."""
    path = _executable(program)
    try:
        spawned = ptyprocess.PtyProcess.spawn(
            [path, *program.argv[1:]],
            env=dict(program.environment),
            preexec_fn=lambda: _become_ordinary(program.folder),
            dimensions=(rows, columns),
        )
    except OSError as error:
        raise _cannot_run(program, error) from error
    os.set_blocking(spawned.fd, False)
    return Child(spawned.pid, os.pidfd_open(spawned.pid), (spawned.fd,), spawned)


def on_pipes(program: Program, *, stdin: int | None) -> Child:
    """Run a program that reads `stdin` and writes to two pipes; CannotRunError if it cannot be run.

    Without `stdin` it reads a pipe too, whose other end is `Child.input`.
    """
    import subprocess  # noqa: PLC0415 - it brings threading: see `syncer`

    path = _executable(program)
    try:
        spawned = subprocess.Popen(
            [path, *program.argv[1:]],
            env=dict(program.environment),
            stdin=subprocess.PIPE if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=lambda: _become_ordinary(program.folder),  # noqa: PLW1509 - no thread runs yet
        )
    except OSError as error:
        raise _cannot_run(program, error) from error
    outputs = tuple(pipe.fileno() for pipe in (spawned.stdout, spawned.stderr) if pipe)
    feed = _own_end(spawned.stdin) if spawned.stdin else None
    for output in outputs:
        os.set_blocking(output, False)
    return Child(spawned.pid, os.pidfd_open(spawned.pid), outputs, spawned, feed)


def _own_end(pipe: IO[bytes]) -> int:
    """The descriptor of a pipe, for us to close: its end is what tells the program that there is no more."""
    with pipe:
        fd = os.dup(pipe.fileno())
    os.set_blocking(fd, False)
    return fd


def _executable(program: Program) -> str:
    """The path that the person's PATH leads to, or why there is none, as a shell says it."""
    name = program.argv[0]
    where = Path(program.folder, name) if "/" in name else Path(name)
    path = shutil.which(where, path=program.environment.get("PATH", os.defpath))
    if path:
        return str(path)
    if "/" in name and where.exists():
        raise CannotRunError(f"{name}: cannot be executed", NOT_EXECUTABLE)
    raise CannotRunError(f"{name}: command not found", NOT_FOUND)


def _cannot_run(program: Program, error: OSError) -> CannotRunError:
    status = NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
    return CannotRunError(f"{program.argv[0]}: {os.strerror(error.errno) if error.errno else error}", status)


def _become_ordinary(folder: str) -> None:
    """Between fork and exec: undo what the agent did to itself. It must not raise, so it ends instead."""
    try:
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)  # also what nohup or a shell's `&` has us ignore
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(0o022)
        _enter(folder)
        process.become_dumpable()  # of another user than root the next file can be written only so
        _go_first_when_memory_is_short()
    except BaseException as error:  # noqa: BLE001 - a second copy of the recorder must never run on
        os.write(2, f"troubleshooter: cannot prepare the program: {error}\n".encode())
        os._exit(NOT_EXECUTABLE)


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError:
        os.chdir("/")


def _go_first_when_memory_is_short() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    except OSError:
        return  # a kernel without it, or a file of root: the limits of the pod still hold
