"""What is kept: whose, how old, how large."""

from datetime import UTC, datetime
from typing import Any

from troubleshooter_cli.retained import age, of_claim, of_volume

NOW = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
MARKS = {
    "troubleshooter.sh/namespace": "shop",
    "troubleshooter.sh/name": "web",
    "troubleshooter.sh/requested-by": "alice",
    "troubleshooter.sh/started-at": "2026-11-22T18:40:03Z",
    "troubleshooter.sh/ended-at": "2026-11-22T19:00:00Z",
    "troubleshooter.sh/purpose": "checkout answers 502",
    "else/where": "x",
}


def marked(annotations: dict[str, str]) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "pvc-1",
            "annotations": annotations,
            "creationTimestamp": "2026-11-22T18:39:00Z",
        },
        "spec": {
            "capacity": {"storage": "1Gi"},
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": "shop", "name": "web-recordings"},
        },
        "status": {"phase": "Released"},
    }


VOLUME = marked(MARKS)


def test_a_volume_is_a_row() -> None:
    assert of_volume(VOLUME).row(NOW) == (
        "pvc-1", "Released", "Retain", "shop/web", "alice", "2026-11-22T19:00:00Z", "2d",
        "1Gi", "shop/web-recordings", "checkout answers 502",
    )  # fmt: skip


def test_a_volume_is_an_object() -> None:
    assert of_volume(VOLUME).json == {
        "volume": "pvc-1", "status": "Released", "policy": "Retain", "namespace": "shop", "name": "web",
        "requestedBy": "alice", "startedAt": "2026-11-22T18:40:03Z", "endedAt": "2026-11-22T19:00:00Z",
        "createdAt": "2026-11-22T18:39:00Z", "size": "1Gi", "claimNamespace": "shop",
        "claim": "web-recordings", "purpose": "checkout answers 502",
    }  # fmt: skip


def test_a_claim_tells_nearly_the_same() -> None:
    claim = {
        "metadata": {"name": "web-recordings", "namespace": "shop", "annotations": MARKS},
        "spec": {"volumeName": "pvc-1", "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": "Bound"},
    }
    assert of_claim(claim).row(NOW)[:4] == ("pvc-1", "Bound", "", "shop/web")
    assert of_claim(claim).size == "1Gi"


def test_a_run_that_goes_on_or_whose_end_nobody_saw_is_told_as_such() -> None:
    going = {name: value for name, value in MARKS.items() if "ended" not in name}
    assert of_volume(marked(going)).row(NOW)[5:7] == ("running?", "2d")
    lost = MARKS | {"troubleshooter.sh/ended-at": "unknown"}
    assert of_volume(marked(lost)).row(NOW)[5:7] == ("unknown", "2d")


def test_a_volume_that_nobody_marked_is_shown_without() -> None:
    bare = {"metadata": {"name": "pvc-2", "creationTimestamp": "2026-11-24T23:00:00Z"}, "spec": {}}
    assert of_volume(bare).row(NOW) == ("pvc-2", "", "", "", "", "", "1h", "", "", "")


def test_ages_are_written_as_kubectl_does() -> None:
    for since, shown in (
        ("2026-11-24T23:59:30Z", "30s"), ("2026-11-24T23:10:00Z", "50m"), ("2026-11-24T13:00:00Z", "11h"),
        ("2025-11-25T00:00:00Z", "365d"), ("2027-01-01T00:00:00Z", "0s"), ("never", ""),
    ):  # fmt: skip
        assert age(since, NOW) == shown
