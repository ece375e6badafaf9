"""The text that a scraper gets, whole, as a literal."""

import pytest

from troubleshooter_agent.contract import Status
from troubleshooter_agent.effort import Effort, Timing
from troubleshooter_agent.metrics import CONTENT_TYPE, render

STATUS: Status = {
    "agentVersion": "1.2.3",
    "startedAt": "2026-11-22T18:40:03Z",
    "expiresAt": "2026-11-22T19:40:03Z",
    "idleSince": "2026-11-22T18:40:05Z",
    "lastActivityAt": "2026-11-22T18:50:00Z",
    "timeToLiveSeconds": 3600.0,
    "idleTimeoutSeconds": 900.0,
    "ready": True,
    "wantedTimeToLive": "",
    "end": "",
    "sessionsActive": 2,
    "sessionCount": 7,
    "recordedBytes": 123456,
    "recordingFailures": 3,
    "chain": "",
    "sessions": [],
}
EFFORT = Effort(events=99, writes=Timing(90, 0.25), syncs=Timing(8, 1.5))
TEXT = """\
# HELP troubleshooter_agent_build_info The agent's version; always 1
# TYPE troubleshooter_agent_build_info gauge
troubleshooter_agent_build_info{version="1.2.3"} 1.0
# HELP troubleshooter_agent_sessions_active Recorded sessions that run now
# TYPE troubleshooter_agent_sessions_active gauge
troubleshooter_agent_sessions_active 2.0
# HELP troubleshooter_agent_sessions_total Recorded sessions ever opened in this run
# TYPE troubleshooter_agent_sessions_total counter
troubleshooter_agent_sessions_total 7.0
# HELP troubleshooter_agent_recorded_bytes_total Bytes written to recordings in this run
# TYPE troubleshooter_agent_recorded_bytes_total counter
troubleshooter_agent_recorded_bytes_total 123456.0
# HELP troubleshooter_agent_recorded_events_total Events written to recordings in this run
# TYPE troubleshooter_agent_recorded_events_total counter
troubleshooter_agent_recorded_events_total 99.0
# HELP troubleshooter_agent_write_duration_seconds Writes to recordings
# TYPE troubleshooter_agent_write_duration_seconds summary
troubleshooter_agent_write_duration_seconds_count 90.0
troubleshooter_agent_write_duration_seconds_sum 0.25
# HELP troubleshooter_agent_sync_duration_seconds Syncs of recordings
# TYPE troubleshooter_agent_sync_duration_seconds summary
troubleshooter_agent_sync_duration_seconds_count 8.0
troubleshooter_agent_sync_duration_seconds_sum 1.5
# HELP troubleshooter_agent_last_activity_timestamp_seconds When somebody last did something
# TYPE troubleshooter_agent_last_activity_timestamp_seconds gauge
troubleshooter_agent_last_activity_timestamp_seconds 1.7953734e+09
# HELP troubleshooter_agent_expiration_timestamp_seconds When the life time is over
# TYPE troubleshooter_agent_expiration_timestamp_seconds gauge
troubleshooter_agent_expiration_timestamp_seconds 1.795376403e+09
# HELP troubleshooter_agent_recording_failures_total Recordings that are not complete, by kind of failure
# TYPE troubleshooter_agent_recording_failures_total counter
troubleshooter_agent_recording_failures_total{kind="io"} 1.0
troubleshooter_agent_recording_failures_total{kind="no-space"} 2.0
# HELP troubleshooter_agent_log_lines_dropped_total Log lines dropped because their reader was slow
# TYPE troubleshooter_agent_log_lines_dropped_total counter
troubleshooter_agent_log_lines_dropped_total 4.0
"""


def test_metrics_as_a_scraper_gets_them() -> None:
    """Names, types and values; 2026-11-22T18:50:00Z is 1795373400."""
    assert render(STATUS, failures={"no-space": 2, "io": 1}, effort=EFFORT, dropped=4).decode() == TEXT
    assert CONTENT_TYPE == "text/plain; version=0.0.4; charset=utf-8"


def test_no_activity_is_no_metric() -> None:
    """A zero would be a time in 1970."""
    text = render({**STATUS, "lastActivityAt": None}, failures={}, effort=EFFORT, dropped=0).decode()
    assert "last_activity" not in text


@pytest.mark.parametrize("field", ["user", "pod", "name", "id"])
def test_no_person_and_no_pod_is_a_label(field: str) -> None:
    """Metrics are kept where recordings are not."""
    assert f"{field}=" not in render(STATUS, failures={"io": 1}, effort=EFFORT, dropped=0).decode()
