"""What a look at the running pod adds to the run; pure.

Here the rule lives that keeps the status quiet: a report changes it only when a session began or ended, or
when the last activity is five minutes newer.
"""

from dataclasses import replace
from typing import Final

from troubleshooter_agent.contract import format_time, parse_duration, parse_time
from troubleshooter_operator.reports import Report
from troubleshooter_operator.run import Run
from troubleshooter_operator.toolbox import Toolbox

ACTIVITY_STEP_SECONDS: Final = 300


def note(run: Run, box: Toolbox, report: Report | None, seen_at: float) -> Run:
    """The run with what pod and report tell. `seen_at`: when a container that runs was first seen to."""
    if box.deleting and run.pod_uid is None and box.started_at is None:
        return run  # a pod that is being replaced
    seen = replace(run, pod_uid=box.uid)
    if box.started_at and not run.started_at:
        seen = replace(seen, started_at=box.started_at)
    if box.running and not run.image_id:  # not of a container that never ran: its image may yet be mended
        seen = replace(seen, image_id=box.image_id or None)
    if box.running and not run.observed_running_at:
        seen = replace(seen, observed_running_at=format_time(seen_at))
    return _with_report(_with_expiry(seen), report)


def _with_expiry(run: Run) -> Run:
    if run.started_at is None or run.resolved is None:
        return run
    return replace(
        run, expires_at=format_time(parse_time(run.started_at) + parse_duration(run.resolved.time_to_live))
    )


def _with_report(run: Run, report: Report | None) -> Run:
    if report is None or not (_sessions_changed(run, report) or _activity_is_due(run, report) or report.end):
        return run
    return replace(
        run,
        session_count=report.session_count,
        sessions=report.sessions,
        last_activity_at=report.last_activity_at or run.last_activity_at,
    )


def _sessions_changed(run: Run, report: Report) -> bool:
    before = [(session["id"], session["endedAt"]) for session in run.sessions]
    after = [(session["id"], session["endedAt"]) for session in report.sessions]
    return run.session_count != report.session_count or before != after


def _activity_is_due(run: Run, report: Report) -> bool:
    if report.last_activity_at is None:
        return False
    if run.last_activity_at is None:
        return True
    return parse_time(report.last_activity_at) - parse_time(run.last_activity_at) >= ACTIVITY_STEP_SECONDS
