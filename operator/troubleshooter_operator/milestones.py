"""Counts what happens once in a run, that its shell becomes available and that it ends; `reconcile` calls it.

Nothing is kept in the cluster for it, so an operator that starts anew counts from zero.
"""

from troubleshooter_agent.contract import EndReason, parse_time
from troubleshooter_operator.kinds import Json, metadata, uid_of
from troubleshooter_operator.metrics import Metrics
from troubleshooter_operator.run import Run
from troubleshooter_operator.store import Key


class Milestones:
    """Safe to use from several threads, for different keys."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._available: dict[Key, str] = {}  # the uid of the pod whose shell was available already

    def shell_available(self, key: Key, pod: Json, now: float) -> None:
        """Only the first time of a pod counts: one whose readiness comes and goes was made once."""
        if self._available.get(key) == uid_of(pod):
            return
        self._available[key] = uid_of(pod)
        self._metrics.ready_after(now - parse_time(metadata(pod)["creationTimestamp"]))

    def ended(self, run: Run, recorded_bytes: int) -> None:
        """Of a run that was just announced as over."""
        self._metrics.recorded(run.session_count, recorded_bytes)
        late = lateness(run)
        if late is not None:
            self._metrics.ended_late(late)

    def forget(self, key: Key) -> None:
        """The Troubleshooter of that name is gone."""
        self._available.pop(key, None)


def lateness(run: Run) -> float | None:
    """Seconds by which a run outlived its time to live; None if it ended for anything else."""
    at_its_end = run.ended is not None and run.ended.reason == EndReason.TIME_TO_LIVE_REACHED
    if not at_its_end or run.ended_at is None or run.expires_at is None:
        return None
    return max(0.0, parse_time(run.ended_at) - parse_time(run.expires_at))
