"""A process at work on one session, as PID 1 knows it, and what its silence or death means; no effects.

Kept by `recorders`: a recorder, or the mender after one that died.
"""

import time
from dataclasses import dataclass, field
from typing import Final

from troubleshooter_agent.children import Child
from troubleshooter_agent.contract import format_time
from troubleshooter_agent.session import Job
from troubleshooter_agent.summary import Summary

RECORDER_DIED: Final = "recorder-died"
RECORDER_STUCK: Final = "stuck"
STUCK_SECONDS: Final = 15.0  # without a word, of which a recorder owes one every few seconds
MENDER_SECONDS: Final = 120.0  # a mender says only one, after it has read a whole cast
UNKILLABLE_SECONDS: Final = 2.0  # a process whose write never returns does not even obey SIGKILL
STUCK: Final = f"its recorder did not answer for {STUCK_SECONDS:.0f}s: the volume takes no more"


@dataclass
class Worker:
    """`heard_at`, `given_up_at` and `now` are seconds of the clock of PID 1; `clients` are pidfds."""

    child: Child
    job: Job
    heard_at: float
    clients: set[int] = field(default_factory=set)
    mends: bool = False
    done: bool = False
    given_up_at: float | None = None

    @property
    def is_at_work(self) -> bool:
        return self.given_up_at is None

    @property
    def is_recording(self) -> bool:
        return not self.mends and not self.done and self.is_at_work

    def is_stuck(self, now: float) -> bool:
        """Whether it is to be given up, most likely because a write to the disk does not return."""
        patience = MENDER_SECONDS if self.mends else STUCK_SECONDS
        return self.is_at_work and now - self.heard_at >= patience

    def is_unkillable(self, now: float) -> bool:
        """Whether it was killed in vain, and nothing more is to be expected of it."""
        return not self.done and self.given_up_at is not None and now - self.given_up_at >= UNKILLABLE_SECONDS

    @property
    def failure(self) -> str:
        """The kind of failure that the death of a recorder is, as the metric's label."""
        return RECORDER_DIED if self.is_at_work else RECORDER_STUCK

    def why_it_died(self, code: int) -> str:
        """The last marker, for an exit code that is negative for a signal."""
        if not self.is_at_work:
            return STUCK
        if code < 0:
            return f"its recorder was killed by signal {-code}"
        return f"its recorder failed with {code}"


def unmended(job: Job, why: str) -> Summary:
    """What can be said of a session whose cast could not even be mended."""
    return Summary(
        id=job.id,
        user=job.user,
        verified=job.verified,
        run=job.toolbox.run,
        startedAt=format_time(job.started),
        endedAt=format_time(time.time()),
        exitCode=None,
        why=why,
        bytes=0,
        sha256=None,
        file=job.file,
        failure="could not be mended" if job.saved else "its recorder died, and nothing of it is saved",
    )
