"""While the toolbox runs: what is kept, told and shown, and how it is brought to its end."""

from dataclasses import replace
from typing import Any

import pytest
from resource_objects import (
    NOW,
    POD_UID,
    claim,
    condition,
    offer,
    pod,
    run_status,
    running,
    troubleshooter,
    volume,
)

from troubleshooter_agent.contract import SessionReport
from troubleshooter_operator.actions import DeletePod, PatchClaim, PatchPod, PatchVolume
from troubleshooter_operator.plan import plan
from troubleshooter_operator.reports import Report
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.world import Plan, World

RETAINED = {"troubleshooter.sh/recordings-retained": "yes"}
STARTED_MARK = {"troubleshooter.sh/started-at": "2026-11-22T18:40:03Z"}
SETTLED = World(
    classes=(offer(),),
    pod=pod(running(), RETAINED),
    claim=claim(annotations=STARTED_MARK),
    volume=volume(annotations=claim(annotations=STARTED_MARK)["metadata"]["annotations"]),
)
SESSION = SessionReport(
    id="6rxjr1m8",
    user="alice",
    startedAt="2026-11-22T18:41:00Z",
    endedAt=None,
    exitCode=None,
    bytes=10,
    sha256=None,
    file="default/web/a.cast",
)
REPORT = Report(
    wanted_time_to_live="",
    end="",
    session_count=1,
    recording_failures=0,
    last_activity_at="2026-11-22T18:41:00Z",
    chain="",
    sessions=(SESSION,),
)


def look(spec: Any = None, world: World = SETTLED, now: float = NOW + 60, **status: Any) -> Plan:
    return plan(parse(troubleshooter(spec, run_status(**status))), world, now)


def with_pod(status: Any, annotations: Any = None, **metadata: Any) -> World:
    return replace(SETTLED, pod=pod(status, RETAINED | (annotations or {}), **metadata))


def test_a_settled_toolbox_needs_nothing() -> None:
    """Level-triggered: what is as it should be is left alone; the next look is at the deadline."""
    planned = look()
    assert planned.before == ()
    assert planned.after == ()
    assert (planned.ready.reason, planned.ready.status) == ("ShellAvailable", True)
    assert planned.ready.message == "Open a recorded shell with: kubectl exec -it -n default web -- shell"
    assert planned.look_again == NOW + 3600 + 5


def test_the_first_sight_of_the_container_starts_the_operators_clock() -> None:
    """Life counts from the container's start; the operator's clock from when it saw it run."""
    planned = look(now=NOW + 7, startedAt=None, observedRunningAt=None, expiresAt=None, imageID=None)
    assert planned.run is not None
    assert planned.run.started_at == "2026-11-22T18:40:03Z"
    assert planned.run.expires_at == "2026-11-22T19:40:03Z"
    assert planned.run.observed_running_at == "2026-11-22T18:40:10Z"
    assert planned.run.image_id == "sha256:aa"


@pytest.mark.parametrize(
    ("world", "message"),
    [
        pytest.param(
            replace(SETTLED, volume=volume(policy="Delete")),
            "No shell is opened before the volume is kept: Volume pv-1 still has reclaim policy Delete",
            id="policy is Delete",
        ),
        pytest.param(
            replace(SETTLED, volume=volume(claim_uid="another")),
            "No shell is opened before the volume is kept: Volume pv-1 does not belong to claim "
            "web-recordings, so it is left alone",
            id="volume of another claim",
        ),
        pytest.param(
            replace(SETTLED, pod=pod(running())),
            "The toolbox is being told what becomes of its recordings",
            id="pod not told yet",
        ),
        pytest.param(
            replace(SETTLED, pod=pod(running(ready=False), RETAINED)),
            "The container runs, and the toolbox in it is not ready yet",
            id="not ready",
        ),
    ],
)
def test_no_shell_is_promised_before_all_of_it_holds(world: World, message: str) -> None:
    planned = look(world=world)
    assert (planned.ready.reason, planned.ready.status) == ("Provisioning", False)
    assert planned.ready.message == message


def test_a_volume_that_lost_retain_while_running_gets_it_back() -> None:
    planned = look(world=replace(SETTLED, volume=volume(policy="Delete")))
    patch = next(action for action in planned.before if isinstance(action, PatchVolume))
    assert patch.patch["spec"] == {"persistentVolumeReclaimPolicy": "Retain"}


def test_a_pod_that_lost_its_labels_gets_them_back() -> None:
    planned = look(world=with_pod(running(), labels={"app.kubernetes.io/name": "mine"}))
    patch = next(action for action in planned.before if isinstance(action, PatchPod))
    assert patch.labels == {
        "app.kubernetes.io/name": "troubleshooter",
        "app.kubernetes.io/instance": "web",
        "app.kubernetes.io/component": "toolbox",
        "app.kubernetes.io/managed-by": "troubleshooter-operator",
        "troubleshooter.sh/name": "web",
    }


def test_claim_and_volume_tell_when_the_run_began() -> None:
    """And no end of an earlier run any more."""
    earlier = {
        "troubleshooter.sh/started-at": "2026-11-21T10:00:00Z",
        "troubleshooter.sh/ended-at": "2026-11-21T11:00:00Z",
        "troubleshooter.sh/chain": "ab" * 32,
    }
    planned = look(world=replace(SETTLED, claim=claim(annotations=earlier)))
    patch = next(action for action in planned.before if isinstance(action, PatchClaim))
    assert patch.annotations == {
        "troubleshooter.sh/started-at": "2026-11-22T18:40:03Z",
        "troubleshooter.sh/ended-at": None,
        "troubleshooter.sh/chain": None,
    }


@pytest.mark.parametrize(
    ("started", "patched"),
    [("2026-11-22T18:39:00Z", True), ("2026-11-22T18:41:00Z", False)],
    ids=["ours is later", "theirs is later"],
)
def test_of_two_on_one_claim_the_later_start_is_told(started: str, patched: bool) -> None:  # noqa: FBT001
    theirs = {"troubleshooter.sh/uid": "another", "troubleshooter.sh/started-at": started}
    planned = look(world=replace(SETTLED, claim=claim(annotations=theirs)))
    assert any(isinstance(action, PatchClaim) for action in planned.before) == patched


def test_time_to_live_may_change_while_running() -> None:
    planned = look({"timeToLive": "90m"})
    assert planned.before == (
        PatchPod("default", "web", POD_UID, {"troubleshooter.sh/time-to-live": "90m"}, {}),
    )
    assert planned.run is not None
    assert planned.run.expires_at == "2026-11-22T20:10:03Z"
    assert planned.run.resolved is not None
    assert planned.run.resolved.time_to_live == "90m"
    assert planned.look_again == NOW + 5400 + 5


@pytest.mark.parametrize(
    ("most", "cap", "message"),
    [
        pytest.param(
            "1h15m",
            7860,
            "timeToLive 90m is above the 1h15m that class default allows; ask for less; until then the "
            "toolbox goes on with 1h",
            id="the class when the run began",
        ),
        pytest.param(
            "2h",
            600 + 60 + 3600,
            "timeToLive 90m is above the 1h that this pod was made for; ask for less, or for the next run; "
            "until then the toolbox goes on with 1h",
            id="the pod's own cap",
        ),
    ],
)
def test_a_time_to_live_above_the_limit_leaves_the_old_deadline(most: str, cap: int, message: str) -> None:
    capped = pod(running(), RETAINED)
    capped["spec"]["activeDeadlineSeconds"] = cap
    resolved = run_status()["resolved"] | {"maxTimeToLive": most}
    planned = look({"timeToLive": "90m"}, replace(SETTLED, pod=capped), resolved=resolved)
    assert planned.ready.reason == "NotAllowed"
    assert planned.ready.message == message
    assert planned.before == ()
    assert planned.run is not None
    assert planned.run.expires_at == "2026-11-22T19:40:03Z"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"image": "registry.example/team/other:1"}, id="image"),
        pytest.param({"idleTimeout": "5m"}, id="idle time-out"),
        pytest.param({"purpose": "another"}, id="purpose"),
        pytest.param({"runAsUser": 1234}, id="user"),
    ],
)
def test_what_else_changes_while_running_waits_for_the_next_run(change: Any) -> None:
    planned = look(change)
    assert [
        action for action in (*planned.before, *planned.after) if isinstance(action, (PatchPod, DeletePod))
    ] == []
    assert planned.ready.reason == "ShellAvailable"


def test_a_class_that_goes_while_running_changes_nothing() -> None:
    planned = look(world=replace(SETTLED, classes=()))
    assert planned.before == ()
    assert planned.ready.reason == "ShellAvailable"


@pytest.mark.parametrize(
    ("spec", "world", "now", "reason"),
    [
        pytest.param({"state": "Stopped"}, SETTLED, NOW + 60, "Stopped", id="stopped"),
        pytest.param({"run": 2}, SETTLED, NOW + 60, "Stopped", id="a higher run"),
        pytest.param({}, SETTLED, NOW + 3605, "TimeToLiveReached", id="5 s after the time to live"),
        pytest.param({}, with_pod(running(restarts=1)), NOW + 60, "ImageChanged", id="container restarted"),
        pytest.param(
            {}, with_pod(running(image_id="sha256:bb")), NOW + 60, "ImageChanged", id="another image"
        ),
    ],
)
def test_an_end_is_written_on_the_pod_before_it_is_deleted(
    spec: Any, world: World, now: float, reason: str
) -> None:
    """The status keeps the decision, should the operator be killed now."""
    planned = look(spec, world, now)
    assert PatchPod("default", "web", POD_UID, {"troubleshooter.sh/end": reason}, {}) in planned.before
    assert planned.after == ()
    assert planned.look_again == now + 0.5
    assert planned.run is not None
    assert planned.run.ending == reason
    assert planned.ready.reason == "Ended"


def test_until_5_s_after_its_deadline_the_toolbox_is_left_to_its_agent() -> None:
    planned = look(now=NOW + 3604)
    assert planned.run is not None
    assert planned.run.ending is None


@pytest.mark.parametrize(
    ("told_at", "report", "deleted"),
    [
        pytest.param(None, None, False, id="annotation not seen yet"),
        pytest.param(NOW + 58, None, False, id="for 2 s"),
        pytest.param(NOW + 57, None, True, id="for 3 s"),
        pytest.param(NOW + 59.9, replace(REPORT, end="Stopped"), True, id="the agent shows it"),
        pytest.param(NOW + 59.9, REPORT, False, id="the agent does not show it yet"),
    ],
)
def test_the_pod_is_deleted_when_the_agent_knows_or_after_3_s(
    told_at: float | None,
    report: Report | None,
    deleted: bool,  # noqa: FBT001
) -> None:
    told = with_pod(running(), {"troubleshooter.sh/end": "Stopped"})
    world = replace(told, told_to_end_at=told_at, report=report)
    planned = look({"state": "Stopped"}, world, ending="Stopped")
    assert (DeletePod("default", "web", POD_UID) in planned.after) == deleted
    assert planned.before == ()


def test_a_pod_that_is_going_already_is_neither_told_nor_deleted_again() -> None:
    going = with_pod(running(), deletionTimestamp="2026-11-22T18:41:00Z")
    planned = look({"state": "Stopped"}, going)
    assert planned.before == ()
    assert planned.after == ()
    assert planned.run is not None
    assert planned.run.ending == "Stopped"


def test_a_decision_in_the_status_is_carried_out_by_the_next_operator() -> None:
    """Killed between the status and the annotation; state is Running again meanwhile."""
    planned = look({}, ending="Stopped")
    assert PatchPod("default", "web", POD_UID, {"troubleshooter.sh/end": "Stopped"}, {}) in planned.before


def test_a_pod_that_is_being_deleted_is_no_longer_ready() -> None:
    planned = look(world=with_pod(running(), deletionTimestamp="2026-11-22T18:41:00Z"))
    assert planned.ready.reason == "Ended"
    assert planned.ready.status is False
    assert planned.after == ()


@pytest.mark.parametrize(
    ("report", "before", "count", "activity"),
    [
        pytest.param(REPORT, {}, 1, "2026-11-22T18:41:00Z", id="a first session"),
        pytest.param(
            replace(REPORT, last_activity_at="2026-11-22T18:45:59Z"),
            {"sessionCount": 1, "sessions": [dict(SESSION)], "lastActivityAt": "2026-11-22T18:41:00Z"},
            1,
            "2026-11-22T18:41:00Z",
            id="activity less than 5 minutes newer",
        ),
        pytest.param(
            replace(REPORT, last_activity_at="2026-11-22T18:46:00Z"),
            {"sessionCount": 1, "sessions": [dict(SESSION)], "lastActivityAt": "2026-11-22T18:41:00Z"},
            1,
            "2026-11-22T18:46:00Z",
            id="activity 5 minutes newer",
        ),
        pytest.param(
            replace(
                REPORT,
                last_activity_at="2026-11-22T18:42:00Z",
                sessions=(SessionReport(**(SESSION | {"endedAt": "2026-11-22T18:42:00Z"})),),
            ),
            {"sessionCount": 1, "sessions": [dict(SESSION)], "lastActivityAt": "2026-11-22T18:41:00Z"},
            1,
            "2026-11-22T18:42:00Z",
            id="a session ended",
        ),
    ],
)
def test_the_status_follows_a_report_only_when_it_is_worth_a_write(
    report: Report, before: Any, count: int, activity: str
) -> None:
    planned = look(world=replace(SETTLED, report=report), **before)
    assert planned.run is not None
    assert planned.run.session_count == count
    assert planned.run.last_activity_at == activity


def test_a_volume_once_kept_counts_as_kept_while_its_claim_is_out_of_sight() -> None:
    """Somebody took the label off the claim: that is no reason to close the toolbox."""
    conditions = [condition("RecordingsRetained", "True", "Retained")]
    planned = look(world=replace(SETTLED, claim=None, volume=None), conditions=conditions)
    assert planned.ready.reason == "ShellAvailable"


def test_where_nothing_is_saved_the_pod_is_told_so_and_no_volume_is_waited_for() -> None:
    resolved = {name: value for name, value in run_status()["resolved"].items() if name != "claimName"}
    world = World(classes=(offer(),), pod=pod(running()))
    first = look({"saveToDisk": {"enabled": False}}, world, resolved=resolved, recordings=None)
    (told,) = first.before
    assert isinstance(told, PatchPod)
    assert told.annotations == {"troubleshooter.sh/recordings-retained": "not-requested"}
    told_pod = pod(running(), {"troubleshooter.sh/recordings-retained": "not-requested"})
    then = look({"saveToDisk": {"enabled": False}}, replace(world, pod=told_pod), resolved=resolved)
    assert (then.before, then.ready.reason) == ((), "ShellAvailable")
    assert then.run is not None
    assert then.run.retained is not None
    assert (then.run.retained.status, then.run.retained.reason) == (False, "NotRequested")


def test_a_refused_extension_is_told_to_the_toolbox() -> None:
    resolved = run_status()["resolved"] | {"maxTimeToLive": "1h"}
    planned = look(
        world=replace(SETTLED, report=replace(REPORT, wanted_time_to_live="2h")), resolved=resolved
    )
    (told,) = planned.before
    assert isinstance(told, PatchPod)
    assert told.annotations == {
        "troubleshooter.sh/extension": (
            "2h: timeToLive 2h is above the 1h that class default allows; ask for less"
        )
    }
    assert planned.ready.reason == "ShellAvailable"


def test_who_may_come_in_may_change_while_it_runs() -> None:
    let_in = look({"access": {"users": ["bob"]}})
    (told,) = let_in.before
    assert isinstance(told, PatchPod)
    assert told.annotations == {"troubleshooter.sh/access-users": "bob"}
    known = with_pod(running(), {"troubleshooter.sh/access-users": "bob"})
    (taken_away,) = look({}, known).before
    assert isinstance(taken_away, PatchPod)
    assert taken_away.annotations == {"troubleshooter.sh/access-users": None}
