"""The person's own kubectl, which carries every terminal and every stream out of a pod (docs/decisions/009).

A reading is a command that the agent does not record; it is always run under the name that the API server
knows the person by. Here are the command lines, how they are run, and what their failures mean.
"""

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final

from troubleshooter_cli.errors import (
    BrokenError,
    ForbiddenError,
    NotFoundError,
    TroubleshootError,
    UnreachableError,
)

CONTAINER: Final = "toolbox"
AGENT: Final = "troubleshooter-agent"
LEAVE_SECONDS: Final = 10.0  # for a kubectl whose output nobody reads any more
_NO_KUBECTL: Final = "kubectl is not on the PATH"
_INSTALL: Final = "install kubectl (https://kubernetes.io/docs/tasks/tools/), then start again"


@dataclass(frozen=True)
class Pod:
    """Where a toolbox or a replay runs."""

    namespace: str
    name: str


@dataclass
class Answer:
    """How a stream ended; the numbers are known once it is closed."""

    stdout: IO[bytes]
    status: int = 0
    stderr: str = ""


@dataclass(frozen=True)
class Kubectl:
    context: str = ""
    kubeconfig: str = ""
    program: str = "kubectl"

    def words(self, *words: str) -> list[str]:
        """The command line of a kubectl that acts where this plugin does."""
        flags = {"--context": self.context, "--kubeconfig": self.kubeconfig}
        return [self.program, *(f"{flag}={value}" for flag, value in flags.items() if value), *words]

    def in_pod(
        self, pod: Pod, command: Sequence[str], *, terminal: bool = False, keys: bool = False
    ) -> list[str]:
        """`kubectl exec`, with a terminal, or with stdin alone (`keys`), or with neither."""
        how = ["--stdin", "--tty"] if terminal else ["--stdin"] if keys else []
        place = [f"--namespace={pod.namespace}", f"--container={CONTAINER}", *how, pod.name]
        return self.words("exec", *place, "--", *command)

    def foreground(self, words: Sequence[str]) -> int:
        """Hand terminal and Ctrl-C to a command; its exit status, or 128 + n where signal n ended it."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with _started(words, restore=True) as process:
                status = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
        return status if status >= 0 else 128 - status

    @contextlib.contextmanager
    def stream(self, words: Sequence[str]) -> Iterator[Answer]:
        """What a command prints, as it comes; status and stderr are there after the block.

        Nothing is raised for a status: what a reading's own status means, its caller knows (`complain`).
        """
        with (
            _temporary() as noise,
            _started(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=noise) as process,
        ):
            assert process.stdout is not None
            answer = Answer(process.stdout)
            try:
                yield answer
            except BaseException:
                process.terminate()  # a connection that hangs would keep it
                raise
            finally:
                process.stdout.close()
                answer.status = _over(process)
                noise.seek(0)
                answer.stderr = noise.read().decode(errors="replace")

    def capture(self, words: Sequence[str]) -> bytes:
        """All that a command prints; the error that its failure means otherwise."""
        with self.stream(words) as answer:
            printed = answer.stdout.read()
        if answer.status:
            raise meaning(answer)
        return printed


def shell(user: str, *words: str) -> list[str]:
    """What opens a recorded shell in a toolbox: `shell --user=NAME`, and what follows it."""
    return ["shell", f"--user={user}", *words]


def reading(user: str, *words: str) -> list[str]:
    """What reads recordings, unrecorded."""
    return shell(user, "--", AGENT, *words)


def meaning(answer: Answer) -> TroubleshootError:
    """What a failed kubectl wanted to say, as one of our errors with its own last line."""
    lines = [line for line in answer.stderr.splitlines() if line.strip()]
    said = next((line for line in lines if line.lower().startswith("error")), lines[-1] if lines else "")
    sentence = (
        said.removeprefix("error: ").removeprefix("Error: ") or f"kubectl ended with status {answer.status}"
    )
    if "(Forbidden)" in said:
        return ForbiddenError(sentence, "kubectl troubleshoot doctor shows which rights you have and need")
    if "(NotFound)" in said:
        return NotFoundError(sentence, "kubectl troubleshoot list shows what is there")
    if "nable to connect" in said or "connection refused" in said or "dial tcp" in said:
        return UnreachableError(sentence, "check your kubeconfig and the network, then try again")
    inside = [line for line in lines if not line.startswith("command terminated with exit code")]
    return BrokenError(inside[-1] if inside else sentence)


@contextlib.contextmanager
def _started(
    words: Sequence[str],
    *,
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: IO[bytes] | None = None,
    restore: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is over, by force if need be, when the block is."""
    prepare = _default_interrupt if restore else None
    try:
        process = subprocess.Popen(words, stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=prepare)  # noqa: PLW1509 - one thread
    except FileNotFoundError:
        raise UnreachableError(_NO_KUBECTL, _INSTALL) from None
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def _over(process: subprocess.Popen[bytes]) -> int:
    """Its status, by force if it stays after its output was closed."""
    try:
        return process.wait(LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()
        return process.wait()


def _default_interrupt() -> None:
    """A child inherits that a signal is ignored; kubectl must hear of Ctrl-C as ever."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def _temporary() -> Iterator[IO[bytes]]:
    """A file for stderr: a pipe that nobody reads meanwhile could fill, and stop kubectl."""
    import tempfile  # noqa: PLC0415 - with it come random and shutil, which --help does without

    with tempfile.TemporaryFile() as file:
        yield file
