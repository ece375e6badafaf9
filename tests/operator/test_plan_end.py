"""How a run ends: the reason, by precedence, and what is told of it where."""

import json
from dataclasses import replace
from typing import Any

import pytest
from resource_objects import (
    FAREWELL,
    NOW,
    OWNER,
    POD_UID,
    claim,
    ended_status,
    finished,
    offer,
    pod,
    run_status,
    running,
    troubleshooter,
    volume,
)

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.actions import Announce, DeletePod, PatchClaim, PatchVolume
from troubleshooter_operator.endings import Trace
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.status import status as render
from troubleshooter_operator.toolbox import toolbox
from troubleshooter_operator.world import Plan, World

WORLD = World(classes=(offer(),), claim=claim(), volume=volume())
LATER = NOW + 1200
NOT_STARTED = {"startedAt": None, "observedRunningAt": None, "expiresAt": None, "imageID": None}


def end(status: Any, annotations: Any = None, *, spec: Any = None, **run: Any) -> Plan:
    world = replace(WORLD, pod=pod(status, annotations))
    return plan(parse(troubleshooter(spec, run_status(**run))), world, LATER)


def vanish(trace: Trace | None, **run: Any) -> Plan:
    return plan(parse(troubleshooter(None, run_status(**run))), replace(WORLD, trace=trace), LATER)


def reasons(planned: Plan) -> tuple[str, str]:
    assert planned.run is not None
    assert planned.run.ended is not None
    assert planned.run.recorded is not None
    return planned.run.ended.reason, planned.run.recorded.reason


def farewell(reason: str, failures: int = 0) -> str:
    return FAREWELL.replace("IdleTimeout", reason).replace('Failures": 0', f'Failures": {failures}')


@pytest.mark.parametrize(
    ("status", "annotations", "run", "ended", "recorded"),
    [
        pytest.param(finished(message=FAREWELL), {}, {}, "IdleTimeout", "Complete", id="the agent's word"),
        pytest.param(
            finished(message=farewell("TimeToLiveReached")),
            {},
            {},
            "TimeToLiveReached",
            "Complete",
            id="life time",
        ),
        pytest.param(
            finished(code=74, message=farewell("RecordingFailed", 1), phase="Failed"),
            {},
            {},
            "RecordingFailed",
            "Failed",
            id="recording failed",
        ),
        pytest.param(
            finished(message=farewell("IdleTimeout", 2)),
            {},
            {},
            "IdleTimeout",
            "Truncated",
            id="a recording failed",
        ),
        pytest.param(
            finished(message=farewell("PodDeleted")),
            {"troubleshooter.sh/end": "Stopped"},
            {},
            "Stopped",
            "Complete",
            id="the operator's decision beats the agent",
        ),
        pytest.param(
            finished(message=FAREWELL, reason="Error", phase="Failed") | {"reason": "Evicted"},
            {"troubleshooter.sh/end": "Stopped"},
            {},
            "Stopped",
            "Complete",
            id="the operator's decision beats the kubelet",
        ),
        pytest.param(
            finished(message=FAREWELL),
            {"troubleshooter.sh/end": "Nonsense"},
            {},
            "IdleTimeout",
            "Complete",
            id="an annotation that is no reason counts for nothing",
        ),
        pytest.param(
            finished(message=FAREWELL, phase="Failed")
            | {"reason": "Evicted", "message": "The node was low on x."},
            {},
            {},
            "Evicted",
            "Complete",
            id="evicted by the kubelet beats the agent",
        ),
        pytest.param(
            finished(message=FAREWELL)
            | {
                "conditions": [
                    {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
                ]
            },
            {},
            {},
            "Evicted",
            "Complete",
            id="drained",
        ),
        pytest.param(
            finished(message=FAREWELL, phase="Failed") | {"reason": "DeadlineExceeded"},
            {},
            {},
            "TimeToLiveReached",
            "Complete",
            id="the kubelet's cap, after a start",
        ),
        pytest.param(
            {"phase": "Failed", "reason": "DeadlineExceeded", "startTime": "2026-11-22T18:40:00Z"},
            {},
            NOT_STARTED | {"startedAt": None},
            "StartFailed",
            "Complete",
            id="the kubelet's cap, without a start",
        ),
        pytest.param(
            {"phase": "Failed", "reason": "UnexpectedAdmissionError", "startTime": "2026-11-22T18:40:00Z"},
            {},
            NOT_STARTED,
            "StartFailed",
            "Complete",
            id="the node refuses the pod",
        ),
        pytest.param(
            finished(code=137, reason="OOMKilled", phase="Failed"),
            {},
            {},
            "OutOfMemory",
            "Truncated",
            id="out of memory",
        ),
        pytest.param(
            finished(code=137, reason="OOMKilled", message=FAREWELL),
            {},
            {},
            "IdleTimeout",
            "Complete",
            id="out of memory, but PID 1 told",
        ),
        pytest.param(
            finished(code=137, reason="Error", phase="Failed"),
            {},
            {},
            "AgentFailed",
            "Truncated",
            id="killed",
        ),
        pytest.param(
            finished(code=70, message="not json", phase="Failed"),
            {},
            {},
            "AgentFailed",
            "Truncated",
            id="no message",
        ),
        pytest.param(
            finished(message=farewell("Evicted")),
            {},
            {},
            "AgentFailed",
            "Truncated",
            id="a reason that the agent cannot know",
        ),
        pytest.param(
            finished(message=FAREWELL),
            {},
            {"imageID": "sha256:bb"},
            "ImageChanged",
            "Complete",
            id="another image",
        ),
        pytest.param(
            finished(message=farewell("PodDeleted")),
            {"troubleshooter.sh/image": "registry.example/before:1"},
            {},
            "ImageChanged",
            "Complete",
            id="another image, before its container is there",
        ),
    ],
)
def test_why_a_run_ended(status: Any, annotations: Any, run: Any, ended: str, recorded: str) -> None:
    assert reasons(end(status, annotations, **run)) == (ended, recorded)


def test_who_disrupted_the_pod_is_told_in_the_clusters_own_words() -> None:
    gone = {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"}
    told = [gone | {"message": "PodGC: node no longer exists"}]
    planned = end({"phase": "Failed", "startTime": "2026-11-22T18:40:00Z", "conditions": told})
    assert reasons(planned) == ("PodLost", "Truncated")
    assert planned.run is not None
    assert planned.run.ended is not None
    assert planned.run.ended.message == "The pod vanished while nobody looked (PodGC: node no longer exists)"
    stopped = end({"phase": "Failed", "conditions": told}, {"troubleshooter.sh/end": "Stopped"})
    assert stopped.run is not None
    assert stopped.run.ended is not None
    assert stopped.run.ended.message == "The run was stopped as asked for"


def test_a_restarted_containers_message_is_not_the_toolboxs() -> None:
    """Who changed the image also wrote the message; the first container's is the toolbox's own."""
    status = finished(message=FAREWELL)
    container = status["containerStatuses"][0]
    container["restartCount"] = 1
    assert reasons(end(status)) == ("ImageChanged", "Truncated")
    container["lastState"], container["state"] = container["state"], {"running": {}}
    assert reasons(end(status)) == ("ImageChanged", "Complete")


@pytest.mark.parametrize(
    ("trace", "run", "reason"),
    [
        pytest.param(
            Trace(toolbox(pod(finished(message=FAREWELL))), gone=True), {}, "IdleTimeout", id="with a message"
        ),
        pytest.param(Trace(toolbox(pod(running())), gone=True), {}, "PodDeleted", id="force-deleted"),
        pytest.param(
            Trace(toolbox(pod(running())), gone=True, witnessed=False), {}, "PodLost", id="found missing"
        ),
        pytest.param(Trace(None, gone=True, witnessed=False), {}, "PodLost", id="without a trace"),
        pytest.param(
            Trace(None, gone=True, witnessed=False),
            {"ending": "Stopped"},
            "Stopped",
            id="lost while we ended it",
        ),
        pytest.param(
            Trace(None, gone=True, witnessed=False), NOT_STARTED, "PodLost", id="lost before it started"
        ),
    ],
)
def test_why_a_run_ended_whose_pod_is_gone(trace: Trace, run: Any, reason: str) -> None:
    assert reasons(vanish(trace, **run))[0] == reason


def test_a_pod_that_was_deleted_before_it_started_is_made_again() -> None:
    """Nothing has happened in it, so nothing has ended."""
    planned = vanish(Trace(toolbox(pod({"phase": "Pending"})), gone=True), **NOT_STARTED)
    assert planned.run is not None
    assert planned.run.ended is None
    assert [type(action).__name__ for action in planned.before] == ["CreatePod"]


def test_the_end_is_told_in_status_event_claim_and_volume_and_the_pod_goes_last() -> None:
    planned = end(finished(message=FAREWELL))
    chain = "ab" * 32
    ended_at = "2026-11-22T18:59:00Z"
    assert planned.run is not None
    assert planned.run.session_count == 1
    assert planned.run.sessions[0]["id"] == "6rxjr1m8"
    assert planned.run.chain == chain
    assert planned.run.ended_at == ended_at
    assert planned.run.last_activity_at == "2026-11-22T18:43:00Z"
    assert planned.before == (
        Announce(
            "default",
            "web",
            OWNER,
            1,
            EndReason.IDLE_TIMEOUT,
            "Nobody worked in the toolbox for its idle time-out (idle for 15m)",
            ended_at,
            457,
        ),
    )
    told = {
        "troubleshooter.sh/started-at": "2026-11-22T18:40:03Z",
        "troubleshooter.sh/ended-at": ended_at,
        "troubleshooter.sh/end": "IdleTimeout",
        "troubleshooter.sh/chain": chain,
    }
    assert DeletePod("default", "web", POD_UID) in planned.after
    assert next(action for action in planned.after if isinstance(action, PatchClaim)).annotations == told
    assert next(action for action in planned.after if isinstance(action, PatchVolume)).patch == {
        "metadata": {"annotations": told, "resourceVersion": "80"}
    }
    assert planned.ready.message == "Run 1 has ended; spec.run: 2 starts the next one"


def test_the_bytes_of_all_sessions_are_told_though_only_the_last_ones_are_listed() -> None:
    message = FAREWELL.replace(
        '"sessionCount": 1, "recordedBytes": 457', '"sessionCount": 60, "recordedBytes": 9000'
    )
    (told,) = end(finished(message=message)).before
    assert isinstance(told, Announce)
    assert told.recorded_bytes == 9000


def test_where_the_toolbox_left_no_word_the_listed_sessions_are_what_is_known() -> None:
    known = json.loads(FAREWELL)["sessions"]
    (told,) = end(finished(code=137, reason="Error", phase="Failed"), sessions=known, sessionCount=1).before
    assert isinstance(told, Announce)
    assert told.recorded_bytes == 457


def test_what_a_killed_operator_left_undone_after_the_status_is_done_later() -> None:
    planned = plan(
        parse(troubleshooter(None, ended_status())),
        replace(WORLD, pod=pod(finished(message=FAREWELL))),
        LATER,
    )
    assert planned.before == ()
    assert DeletePod("default", "web", POD_UID) in planned.after
    assert any(isinstance(action, PatchClaim) for action in planned.after)


def test_after_the_end_an_administrator_may_let_the_volume_go() -> None:
    """Retain was set and seen in the run; who sets Delete afterwards means it."""
    planned = plan(
        parse(troubleshooter(None, ended_status())), replace(WORLD, volume=volume(policy="Delete")), LATER
    )
    assert not any(isinstance(action, PatchVolume) for action in planned.after)


def test_a_volume_that_was_not_kept_in_time_is_kept_after_the_end() -> None:
    status = ended_status()
    status["conditions"] = [each for each in status["conditions"] if each["type"] != "RecordingsRetained"]
    planned = plan(parse(troubleshooter(None, status)), replace(WORLD, volume=volume(policy="Delete")), LATER)
    patch = next(action for action in planned.after if isinstance(action, PatchVolume))
    assert patch.patch["spec"] == {"persistentVolumeReclaimPolicy": "Retain"}


def test_the_status_is_whole_and_its_times_move_only_with_a_change() -> None:
    """The literal of design section 2: every field, each condition with a reason."""
    planned = end(finished(message=FAREWELL))
    asked = parse(troubleshooter(None, run_status(), generation=4))
    shown = render(asked, planned.run, planned.ready, LATER, "unverified")
    again = render(replace(asked, status=shown), planned.run, planned.ready, LATER + 99, "unverified")
    assert again == shown
    assert {each["type"]: (each["status"], each["reason"]) for each in shown["conditions"]} == {
        "Ready": ("False", "Ended"),
        "RecordingsRetained": ("True", "Retained"),
        "Recorded": ("True", "Complete"),
        "Ended": ("True", "IdleTimeout"),
    }
    assert {each["lastTransitionTime"] for each in shown["conditions"]} == {"2026-11-22T19:00:03Z"}
    del shown["conditions"]
    assert shown == {
        "observedGeneration": 4,
        "requestedBy": "unverified",
        "podName": "web",
        "podNamespace": "default",
        "podUID": POD_UID,
        "run": 1,
        "resolved": {
            "className": "default",
            "image": "registry.example/toolbox:1",
            "timeToLive": "1h",
            "idleTimeout": "15m",
            "claimName": "web-recordings",
            "size": "1Gi",
            "maxTimeToLive": "2h",
            "saveToDisk": True,
            "logToStdout": False,
            "runAsNonRoot": True,
            "requireRetain": True,
            "temporaryNamespace": False,
        },
        "imageID": "sha256:aa",
        "startedAt": "2026-11-22T18:40:03Z",
        "observedRunningAt": "2026-11-22T18:40:03Z",
        "expiresAt": "2026-11-22T19:40:03Z",
        "endedAt": "2026-11-22T18:59:00Z",
        "lastActivityAt": "2026-11-22T18:43:00Z",
        "recordings": {
            "claimName": "web-recordings",
            "persistentVolumeName": "pv-1",
            "reclaimPolicy": "Retain",
            "chain": "ab" * 32,
        },
        "sessionCount": 1,
        "sessions": [
            {
                "id": "6rxjr1m8",
                "user": "alice",
                "startedAt": "2026-11-22T18:41:00Z",
                "endedAt": "2026-11-22T18:43:00Z",
                "exitCode": 3,
                "bytes": 457,
                "sha256": "cd" * 32,
                "file": "default/web/2026-11-22T18-41-00Z-6rxjr1m8.cast",
            }
        ],
    }


def test_what_goes_into_the_status_comes_back_out_of_it() -> None:
    """An operator that was killed goes on where it was."""
    asked = parse(troubleshooter(None, run_status()))
    planned = end(finished(message=FAREWELL))
    shown = render(asked, planned.run, planned.ready, LATER, "unverified")
    assert parse(troubleshooter(None, shown)).run == planned.run
