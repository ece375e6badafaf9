"""The names and notations that pods, volumes and resources hold for longer than a version lives."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from troubleshooter_agent import contract
from troubleshooter_agent.contract import (
    DurationError,
    EndReason,
    ExitCode,
    SizeError,
    format_duration,
    format_size,
    format_time,
    parse_duration,
    parse_size,
    parse_time,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("45m", 2700), ("1h30m", 5400), ("1h", 3600), ("2h", 7200), ("1h1m1s", 3661), ("0s", 0)],
)
def test_duration_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "abc", "1", "-5m", "1.5h", "5m1h", "1d", " 5m", "5m ", "5M", "٣m", "99999m"]
)
def test_what_is_no_duration_is_refused_with_the_value_and_the_accepted_form(text: str) -> None:
    with pytest.raises(DurationError) as refused:
        parse_duration(text)
    assert str(refused.value) == f"{text!r} is no duration: write it like 90s, 45m or 1h30m"


def test_refusal_passes_through_a_context_manager() -> None:
    """Which sets the traceback of what passes: an exception that cannot be changed would break there."""

    @contextmanager
    def block() -> Iterator[None]:
        yield

    with pytest.raises(DurationError), block():
        parse_duration("soon")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (5, "5s"), (60, "1m"), (61.9, "1m1s"), (900, "15m"), (5400, "1h30m"), (7200, "2h")],
)
def test_duration_is_written_as_people_write_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("epoch", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1795372803, "2026-11-22T18:40:03Z"),
        (1795372803.999, "2026-11-22T18:40:03Z"),
    ],
)
def test_instant_is_written_in_utc_and_whole_seconds(epoch: float, text: str) -> None:
    assert format_time(epoch) == text


def test_instant_that_was_written_can_be_read() -> None:
    assert parse_time("2026-11-22T18:40:03Z") == 1795372803.0


def test_every_annotation_is_projected_into_a_file_of_its_last_name() -> None:
    """What the operator mounts is what the agent reads."""
    items = {item["path"]: item["fieldRef"]["fieldPath"] for item in contract.downward_items()}
    assert items == {
        "namespace": "metadata.namespace",
        "pod": "metadata.name",
        "pod-uid": "metadata.uid",
        "name": "metadata.labels['troubleshooter.sh/name']",
        "time-to-live": "metadata.annotations['troubleshooter.sh/time-to-live']",
        "idle-timeout": "metadata.annotations['troubleshooter.sh/idle-timeout']",
        "recordings-retained": "metadata.annotations['troubleshooter.sh/recordings-retained']",
        "requested-by": "metadata.annotations['troubleshooter.sh/requested-by']",
        "owner-uid": "metadata.annotations['troubleshooter.sh/owner-uid']",
        "end": "metadata.annotations['troubleshooter.sh/end']",
        "exec-identity": "metadata.annotations['troubleshooter.sh/exec-identity']",
        "run": "metadata.annotations['troubleshooter.sh/run']",
        "purpose": "metadata.annotations['troubleshooter.sh/purpose']",
        "image": "metadata.annotations['troubleshooter.sh/image']",
        "save-to-disk": "metadata.annotations['troubleshooter.sh/save-to-disk']",
        "log-to-stdout": "metadata.annotations['troubleshooter.sh/log-to-stdout']",
        "notice": "metadata.annotations['troubleshooter.sh/notice']",
        "extension": "metadata.annotations['troubleshooter.sh/extension']",
        "replay": "metadata.annotations['troubleshooter.sh/replay']",
    }


def test_a_pod_elsewhere_tells_the_namespace_of_its_troubleshooter() -> None:
    items = {item["path"]: item["fieldRef"]["fieldPath"] for item in contract.downward_items(elsewhere=True)}
    assert items["namespace"] == "metadata.annotations['troubleshooter.sh/namespace']"
    assert items["pod"] == "metadata.name"


def test_reasons_of_an_end_are_those_of_the_condition() -> None:
    assert [reason.value for reason in EndReason] == [
        "IdleTimeout", "TimeToLiveReached", "Stopped", "RecordingFailed", "AgentFailed", "OutOfMemory",
        "Evicted", "ImageChanged", "PodDeleted", "PodLost", "StartFailed",
    ]  # fmt: skip


def test_exit_codes_are_the_documented_ones() -> None:
    codes = (
        ExitCode.OK,
        ExitCode.USAGE,
        ExitCode.AGENT_FAULT,
        ExitCode.NOT_RECORDED,
        ExitCode.ENDED_BY_TOOLBOX,
    )
    assert codes == (0, 64, 70, 74, 124)


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("1000", 1000), ("16Ki", 16_384), ("512Mi", 536_870_912), ("1Gi", 1 << 30)]
)
def test_size(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert format_size(size) == text


@pytest.mark.parametrize("text", ["", "Mi", "1M", "-1", "1.5Gi", "1 Gi", "1Gi\n", "٣"])
def test_no_size(text: str) -> None:
    with pytest.raises(SizeError, match="is no size"):
        parse_size(text)
