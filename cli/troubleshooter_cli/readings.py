"""The agent's readings, run by kubectl where the recordings are; what they print is checked before it counts.

stdout is data; what a reading says on stderr becomes the error that its failure is.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from troubleshooter_cli.errors import BrokenError
from troubleshooter_cli.kinds import Json
from troubleshooter_cli.kubectl import Answer, Kubectl, Pod, meaning, reading
from troubleshooter_cli.recordings import Recording, from_line, in_order

LONGEST_LINE: Final = 4 << 20  # bytes; more is no line that the agent writes
_SUCCESS: Final = frozenset({0})


@dataclass(frozen=True)
class Readings:
    """What can be read through one pod, under one name."""

    kubectl: Kubectl
    user: str
    pod: Pod

    def words(self, *reading_words: str, terminal: bool = False) -> list[str]:
        """The command line of a reading, as a person could type it."""
        return self.kubectl.in_pod(self.pod, reading(self.user, *reading_words), terminal=terminal)

    def show(self, *reading_words: str, terminal: bool) -> int:
        """Hand the person's terminal to a reading until it ends; its exit status."""
        return self.kubectl.foreground(self.words(*reading_words, terminal=terminal))

    def lines(self, *reading_words: str, fine: Collection[int] = _SUCCESS) -> Iterator[bytes]:
        """Each line that a reading prints; at the end the error that a status not in `fine` means."""
        with self.kubectl.stream(self.words(*reading_words)) as answer:
            while line := answer.stdout.readline(LONGEST_LINE):
                yield line
        _check(answer, fine)

    def objects(self, *reading_words: str, fine: Collection[int] = _SUCCESS) -> Iterator[Json]:
        """The same where each line is a JSON object; BrokenError for one that is none."""
        return map(_object, self.lines(*reading_words, fine=fine))

    def judge(self, *reading_words: str) -> tuple[list[Json], bool]:
        """The objects of a reading that ends with 1 where something is wrong, and whether nothing is."""
        with self.kubectl.stream(self.words(*reading_words)) as answer:
            found = [_object(line) for line in iter(lambda: answer.stdout.readline(LONGEST_LINE), b"")]
        _check(answer, {0, 1})
        return found, answer.status == 0

    def recordings(self) -> list[Recording]:
        """All on the volume, the oldest first."""
        return in_order(filter(None, map(from_line, self.lines("list", "--json"))))


def _object(line: bytes) -> Json:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BrokenError(
            f"{line[:80]!r} is no answer of a reading", "the toolbox's image may be older than this plugin"
        )
    return found


def _check(answer: Answer, fine: Collection[int]) -> None:
    if answer.status not in fine:
        raise meaning(answer)
    # kubectl's own status 1 is not that of the command in the pod, which it tells apart only here.
    if answer.status and "command terminated with exit code" not in answer.stderr:
        raise meaning(answer)
