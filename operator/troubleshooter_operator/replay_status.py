"""The status of a Replay as a whole; pure."""

from typing import Final

from troubleshooter_operator.conditions import Condition, ended, render
from troubleshooter_operator.kinds import Json
from troubleshooter_operator.replay import Replay
from troubleshooter_operator.run import Run

# What it remembers of its pod, among the fields of a run: it has no sessions and keeps nothing.
OF_THE_RUN: Final = ("podUID", "imageID", "startedAt", "observedRunningAt", "expiresAt", "endedAt")
RESOLVED: Final = ("className", "image", "timeToLive", "idleTimeout")


def replay_status(
    asked: Replay,
    run: Run | None,
    ready: Condition,
    *,
    recordings_of: str | None,
    requested_by: str,
    now: float,
) -> Json:
    """Written whole: what is not in here is not in the status. `recordings_of` is NAMESPACE/NAME."""
    shown: Json = {"observedGeneration": asked.generation, "requestedBy": requested_by}
    if run is not None:
        shown |= {"podName": asked.pod_name} | _of_the_run(run)
    # Once a pod reads them, whose they are stays as it was.
    known = asked.status.get("recordingsOf") if run is not None else None
    if whose := known or recordings_of:
        shown["recordingsOf"] = whose
    over = run.ended if run is not None else None
    conditions = [ready, over or ended(None, "The Replay has not ended")]
    shown["conditions"] = render(conditions, asked.status.get("conditions") or [], asked.generation, now)
    return shown


def _of_the_run(run: Run) -> Json:
    all_of_it = run.to_status()
    shown: Json = {name: all_of_it[name] for name in OF_THE_RUN if name in all_of_it}
    resolved = all_of_it.get("resolved") or {}
    places = {"claimName": run.claim_name, "persistentVolumeName": run.volume_name}
    shown |= {"resolved": {name: resolved[name] for name in RESOLVED}} if resolved else {}
    return shown | {name: value for name, value in places.items() if value is not None}
