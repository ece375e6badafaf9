"""What is told of a run whose Troubleshooter is gone."""

from typing import Any

import pytest
from resource_objects import CLAIM_UID, FAREWELL, NOW, OWNER, POD_UID, claim, finished, pod, running, volume

from troubleshooter_operator.actions import DeletePod, PatchClaim, PatchVolume
from troubleshooter_operator.claim import Changes
from troubleshooter_operator.left_behind import LeftBehind, settle, unfinished_owners

TOLD: Changes = {
    "troubleshooter.sh/started-at": "2026-11-22T18:40:03Z",
    "troubleshooter.sh/ended-at": "2026-11-22T18:59:00Z",
    "troubleshooter.sh/run": "1",
    "troubleshooter.sh/end": "IdleTimeout",
    "troubleshooter.sh/chain": "ab" * 32,
}
UNKNOWN: Changes = {"troubleshooter.sh/ended-at": "unknown"}


def left(**parts: Any) -> LeftBehind:
    return LeftBehind(**({"claims": (claim(),), "volumes": (volume(),), "pods": (), "gone": ()} | parts))


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        pytest.param((pod(finished(message=FAREWELL)),), TOLD, id="its pod's last words were seen"),
        pytest.param((pod(running()),), UNKNOWN, id="its pod was force-deleted"),
        pytest.param((), UNKNOWN, id="nobody looked"),
    ],
)
def test_claim_and_volume_tell_the_end(gone: Any, told: Changes) -> None:
    assert settle(left(gone=gone), OWNER, NOW) == [
        PatchClaim("default", "web-recordings", CLAIM_UID, told),
        PatchVolume("pv-1", {"metadata": {"uid": "pv-uid", "annotations": told}}),
    ]


def test_nothing_is_told_while_its_pod_runs_on() -> None:
    """Deleted with --cascade=orphan, or within the grace period."""
    assert settle(left(pods=(pod(running()),)), OWNER, NOW) == []


def test_an_orphaned_pod_that_has_ended_is_taken_away() -> None:
    actions = settle(left(pods=(pod(finished(message=FAREWELL)),)), OWNER, NOW)
    assert PatchClaim("default", "web-recordings", CLAIM_UID, TOLD) in actions
    assert DeletePod("default", "web", POD_UID) in actions


def test_a_volume_that_an_administrator_lets_go_is_not_touched() -> None:
    actions = settle(left(volumes=(volume(policy="Delete"),)), OWNER, NOW)
    assert [type(action) for action in actions] == [PatchClaim]


@pytest.mark.parametrize(
    ("parts", "living", "owners"),
    [
        pytest.param({}, None, {OWNER}, id="gone"),
        pytest.param({}, OWNER, set(), id="still there"),
        pytest.param({}, "its successor", {OWNER}, id="made again"),
        pytest.param(
            {"claims": (claim(annotations=TOLD),), "volumes": (volume(annotations=TOLD),)},
            None,
            set(),
            id="told",
        ),
        pytest.param({"claims": (), "volumes": ()}, None, set(), id="nothing left"),
        pytest.param(
            {"claims": (), "volumes": (), "pods": (pod(finished()),)},
            None,
            {OWNER},
            id="only an ended pod left",
        ),
    ],
)
def test_whose_end_is_not_told_yet(parts: Any, living: str | None, owners: set[str]) -> None:
    assert unfinished_owners(left(**parts), living) == owners
