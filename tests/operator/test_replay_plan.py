"""What is done about a Replay in each state, as docs/states.md says; its pod; its status; whom it hinders."""

from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from resource_objects import (
    NOW,
    OWNER,
    REPLAY_POD_UID,
    REPLAY_UID,
    claim,
    condition,
    finished,
    offer,
    pod,
    replay,
    replay_status,
    running,
)

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator import kinds
from troubleshooter_operator.actions import Announce, CreatePod, DeletePod, DeleteReplay, PatchPod
from troubleshooter_operator.endings import Trace
from troubleshooter_operator.occupancy import in_use, occupants
from troubleshooter_operator.replay import replay as parse
from troubleshooter_operator.replay_plan import plan_replay
from troubleshooter_operator.replay_source import Shelves
from troubleshooter_operator.replay_status import replay_status as status
from troubleshooter_operator.replay_world import ReplayWorld
from troubleshooter_operator.toolbox import toolbox
from troubleshooter_operator.world import Plan

PAGE: Final = Path(__file__).parents[2] / "docs" / "states.md"
HEADING: Final = "# What happens to a Replay\n"
WORLD: Final = ReplayWorld(classes=(offer(),), shelves=Shelves((claim(),)))
LATER: Final = NOW + 60
NOT_STARTED: Final = {"startedAt": None, "observedRunningAt": None, "expiresAt": None, "imageID": None}
OVER: Final = replay_status(
    endedAt="2026-11-22T18:59:00Z", conditions=[condition("Ended", "True", "IdleTimeout")]
)
FAREWELL: Final = (
    '{"reason": "IdleTimeout", "message": "idle for 15m", "endedAt": "2026-11-22T18:58:59Z", '
    '"sessionCount": 0, "recordedBytes": 0, "recordingFailures": 0, "chain": "", "sessions": []}'
)


def made() -> Any:
    """The pod that is made for it."""
    (create,) = plan_replay(parse(replay()), WORLD, NOW).before
    assert isinstance(create, CreatePod)
    return deepcopy(create.manifest)


def its_pod(state: Any, annotations: Any = None, **metadata: Any) -> Any:
    found = made()
    given = {"uid": REPLAY_POD_UID, "resourceVersion": "90"} | metadata
    notes = found["metadata"]["annotations"] | (annotations or {})
    there = {"spec": found["spec"] | {"nodeName": "node1"}, "status": state}
    return found | {"metadata": found["metadata"] | given | {"annotations": notes}} | there


def starting_on(node: str, state: Any = None) -> Any:
    """A toolbox on the claim that has its node; it has not started unless `state` says so."""
    found = pod(state)
    mount = {"name": "recordings", "persistentVolumeClaim": {"claimName": "web-recordings"}}
    return found | {"spec": found["spec"] | {"nodeName": node, "volumes": [mount]}}


STATE: Final = {"name": "toolbox", "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull"}}}
MORE: Final = offer({"pod": {"labels": {"team": "a"}}})


@dataclass(frozen=True)
class Moment:
    """What there is when the operator looks."""

    status: Any = None
    world: ReplayWorld = WORLD
    now: float = NOW
    metadata: Any = None


def running_at(now: float, **annotations: str) -> Moment:
    notes = {f"troubleshooter.sh/{name}": value for name, value in annotations.items()}
    there = replace(WORLD, pod=its_pod(running(), notes), seen_running_at=NOW)
    return Moment(replay_status(), there, now)


def waiting(state: Any, now: float = LATER, **metadata: Any) -> Moment:
    there = replace(WORLD, pod=its_pod(state, **metadata))
    return Moment(replay_status(**NOT_STARTED), there, now)


PENDING: Final = {"phase": "Pending", "startTime": "2026-11-22T18:40:03Z"}
PULLING: Final = PENDING | {"containerStatuses": [STATE]}
GOING: Final[Any] = {"deletionTimestamp": "2026-11-22T18:50:00Z"}
SOMEBODY_ELSES: Final = pod(name="look")
IN_A_SECOND: Final = NOW + 3606.0
MOMENTS: Final[dict[tuple[str, str], Moment]] = {
    ("new", "a look"): Moment(),
    ("new", "no recordings"): Moment(world=replace(WORLD, shelves=Shelves())),
    ("new", "claim not bound"): Moment(world=replace(WORLD, shelves=Shelves((claim(phase="Pending"),)))),
    ("new", "no class"): Moment(world=replace(WORLD, classes=())),
    ("new", "pod name taken"): Moment(world=replace(WORLD, pod=SOMEBODY_ELSES)),
    ("new", "delete"): Moment(metadata=GOING),
    ("new", "pod made, operator died"): Moment(world=replace(WORLD, pod=its_pod(running()))),
    ("starting", "a look"): waiting(PENDING),
    ("starting", "image cannot be pulled"): waiting(PULLING),
    ("starting", "class has changed"): replace(
        waiting(PENDING), world=replace(WORLD, pod=its_pod(PENDING), classes=(MORE,))
    ),
    ("starting", "claim is deleted"): replace(
        waiting(PENDING), world=replace(WORLD, pod=its_pod(PENDING), shelves=Shelves((claim(**GOING),)))
    ),
    ("starting", "toolbox to start elsewhere"): replace(
        waiting(PENDING), world=replace(WORLD, pod=its_pod(PENDING), holders=(starting_on("node2"),))
    ),
    ("starting", "pod is deleted"): waiting(PENDING, **GOING),
    ("starting", "pod gone"): Moment(
        replay_status(**NOT_STARTED), replace(WORLD, trace=Trace(toolbox(its_pod(PENDING)), gone=True)), LATER
    ),
    ("starting", "ten minutes later"): waiting(PENDING, NOW + 600),
    ("running", "a look"): running_at(LATER),
    ("running", "not ready"): replace(
        running_at(LATER), world=replace(WORLD, pod=its_pod(running(ready=False)), seen_running_at=NOW)
    ),
    ("running", "names are checked"): replace(
        running_at(LATER), world=replace(running_at(LATER).world, requested_by="alice")
    ),
    ("running", "label taken"): replace(
        running_at(LATER), world=replace(running_at(LATER).world, pod=its_pod(running(), labels={}))
    ),
    ("running", "five seconds past its life"): running_at(NOW + 3605),
    ("running", "image changed"): replace(
        running_at(LATER),
        world=replace(WORLD, pod=its_pod(running(image_id="sha256:bb")), seen_running_at=NOW),
    ),
    ("running", "toolbox to start elsewhere"): replace(
        running_at(LATER), world=replace(running_at(LATER).world, holders=(starting_on("node2"),))
    ),
    ("running", "pod is deleted"): replace(
        running_at(LATER), world=replace(WORLD, pod=its_pod(running(), **GOING), seen_running_at=NOW)
    ),
    ("running", "it ends by itself"): replace(
        running_at(LATER), world=replace(WORLD, pod=its_pod(finished(message=FAREWELL)))
    ),
    ("running", "pod gone"): Moment(
        replay_status(), replace(WORLD, trace=Trace(toolbox(its_pod(running())), gone=True)), LATER
    ),
    ("running", "pod lost"): Moment(
        replay_status(), replace(WORLD, trace=Trace(None, gone=True, witnessed=False)), LATER
    ),
    ("ending", "a look"): running_at(IN_A_SECOND, end="TimeToLiveReached"),
    ("ending", "agent silent"): replace(
        running_at(IN_A_SECOND, end="TimeToLiveReached"),
        world=replace(running_at(IN_A_SECOND, end="TimeToLiveReached").world, told_to_end_at=NOW + 3603),
    ),
    ("ended", "a look"): Moment(OVER, now=NOW + 1137),
    ("ended", "pod is still there"): Moment(OVER, replace(WORLD, pod=its_pod(finished())), NOW + 1137),
    ("ended", "an hour later"): Moment(OVER, now=NOW + 1137 + 3600),
    ("ended", "an hour later, by an applier"): Moment(
        OVER, now=NOW + 1137 + 3600, metadata={"labels": {"kapp.k14s.io/app": "x"}}
    ),
}  # fmt: skip


def rows() -> dict[tuple[str, str], tuple[str, ...]]:
    """State and what happens, with what the page says."""
    lines = PAGE.read_text().partition(HEADING)[2].splitlines()
    cells = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in lines if line.startswith("| ")]
    return {(row[0], row[1]): row[2:] for row in cells if row[0] not in {"it is", "---"}}


def look(moment: Moment) -> tuple[Plan, Any]:
    """The plan, and the status that is told."""
    asked = parse(replay(status=moment.status, **(moment.metadata or {})))
    planned = plan_replay(asked, moment.world, moment.now)
    told = status(
        asked,
        planned.run,
        planned.ready,
        recordings_of="default/web",
        requested_by=moment.world.requested_by,
        now=moment.now,
    )
    return planned, told


def in_words(moment: Moment) -> tuple[str, ...]:
    planned, told = look(moment)
    reasons = {each["type"]: each["reason"] for each in told["conditions"]}
    again = "" if planned.look_again is None else f"{planned.look_again - moment.now:g} s"
    before, after = (", ".join(map(word, actions)) for actions in (planned.before, planned.after))
    return before, after, reasons["Ready"], reasons["Ended"], again


def word(action: Any) -> str:
    match action:
        case PatchPod(annotations=notes, labels=marks):
            said = [f"{name.rpartition('/')[2]}={value}" for name, value in notes.items()]
            return f"pod {' '.join([*said, *(['labels'] if marks else [])])}"
        case _:
            return {
                "CreatePod": "make pod",
                "DeletePod": "delete pod",
                "Announce": "Event",
                "DeleteReplay": "delete it",
            }[type(action).__name__]


def test_the_page_has_a_row_for_each_moment_and_no_other() -> None:
    assert set(rows()) == set(MOMENTS)


@pytest.mark.parametrize("pair", MOMENTS, ids=", ".join)
def test_what_is_done(pair: tuple[str, str]) -> None:
    assert in_words(MOMENTS[pair]) == rows()[pair]


@pytest.mark.parametrize("pair", MOMENTS, ids=", ".join)
def test_a_status_is_read_back_as_it_was_written(pair: tuple[str, str]) -> None:
    """Else the operator would write it again and again."""
    planned, told = look(MOMENTS[pair])
    asked = parse(replay(status=told))
    if planned.run is not None:
        again = status(
            asked, asked.run, planned.ready, recordings_of=None, requested_by=told["requestedBy"], now=NOW + 9
        )
        assert again == told


def test_its_pod_can_only_read() -> None:
    found = made()
    (mount,) = [
        each for each in found["spec"]["containers"][0]["volumeMounts"] if each["name"] == "recordings"
    ]
    assert mount == {"name": "recordings", "mountPath": "/recordings", "readOnly": True}
    assert found["spec"]["volumes"][0] == {
        "name": "recordings",
        "persistentVolumeClaim": {"claimName": "web-recordings", "readOnly": True},
    }
    assert found["metadata"]["labels"] == {
        "app.kubernetes.io/name": "troubleshooter",
        "app.kubernetes.io/instance": "look",
        "app.kubernetes.io/component": "replay",
        "app.kubernetes.io/managed-by": "troubleshooter-operator",
        "troubleshooter.sh/name": "web",
    }
    told = {
        "replay": "true",
        "recordings-retained": "yes",
        "time-to-live": "1h",
        "idle-timeout": "15m",
        "namespace": "default",
        "requested-by": "unverified",
        "exec-identity": "none",
        "owner-uid": REPLAY_UID,
        "run": "1",
    }
    assert (
        told.items()
        <= {
            name.rpartition("/")[2]: value for name, value in found["metadata"]["annotations"].items()
        }.items()
    )
    assert found["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "troubleshooter.sh/v1alpha1",
            "kind": "Replay",
            "name": "look",
            "uid": REPLAY_UID,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert found["spec"]["activeDeadlineSeconds"] == 7200 + 600 + 60


def test_the_classs_limits_hold_for_it() -> None:
    spec = {"troubleshooterName": "web", "timeToLive": "2h", "idleTimeout": "1h30m"}
    planned = plan_replay(parse(replay(spec)), WORLD, NOW)
    assert (planned.ready.reason, planned.ready.message) == (
        "NotAllowed",
        "idleTimeout 1h30m is above the 1h that class default allows; ask for less",
    )


def test_the_end_is_told_as_one_event_of_the_replay() -> None:
    planned, told = look(MOMENTS["running", "it ends by itself"])
    assert planned.before == (
        Announce(
            namespace="default",
            name="look",
            uid=REPLAY_UID,
            run=1,
            reason=EndReason.IDLE_TIMEOUT,
            message="Nobody read in the Replay for its idle time-out (idle for 15m)",
            at="2026-11-22T18:59:00Z",
            kind=kinds.REPLAY,
        ),
    )
    assert [each["message"] for each in told["conditions"]] == [
        "The Replay has ended; make another one to read again",
        "Nobody read in the Replay for its idle time-out (idle for 15m)",
    ]


def test_who_is_ready_says_how_to_read() -> None:
    _, told = look(MOMENTS["running", "a look"])
    assert told["conditions"][0]["reason"] == "ReplayAvailable"
    assert told["conditions"][0]["message"] == (
        "List the recordings with: kubectl exec -it -n default look -- shell -- troubleshooter-agent list"
    )
    assert (told["recordingsOf"], told["claimName"], told["expiresAt"]) == (
        "default/web",
        "web-recordings",
        "2026-11-22T19:40:03Z",
    )


def test_a_pod_is_made_for_the_version_that_was_looked_at_and_taken_away_with_its_own() -> None:
    (create,) = look(MOMENTS["new", "a look"])[0].before
    assert isinstance(create, CreatePod)
    assert (create.owner_kind, create.owner_uid, create.owner_version) == (kinds.REPLAY, REPLAY_UID, "70")
    assert look(MOMENTS["starting", "class has changed"])[0].after == (
        DeletePod("default", "look", REPLAY_POD_UID, "90"),
    )
    assert look(MOMENTS["ended", "an hour later"])[0].after == (
        DeleteReplay("default", "look", REPLAY_UID, "70"),
    )


def on_modes(*modes: str) -> Any:
    found = claim()
    return found | {"spec": found["spec"] | {"accessModes": list(modes)}}


@pytest.mark.parametrize("mode", ["ReadWriteOnce", "ReadWriteMany"])
def test_a_toolbox_may_write_beside_a_replay(mode: str) -> None:
    assert occupants(on_modes(mode), [its_pod(running())], OWNER) == ()


def test_a_replay_has_a_claim_for_one_pod_to_itself() -> None:
    (holder,) = occupants(on_modes("ReadWriteOncePod"), [its_pod(running())], OWNER)
    assert str(in_use("web-recordings", holder)) == (
        "Claim web-recordings is ReadWriteOncePod, so only one pod at a time may even read it, and Replay "
        "look has it; this one starts when that is gone: wait, delete that, or read in it"
    )


@pytest.mark.parametrize("mode", ["ReadWriteOnce", "ReadWriteMany"])
def test_a_replay_reads_beside_a_toolbox_that_writes(mode: str) -> None:
    world = replace(WORLD, shelves=Shelves((on_modes(mode),)), holders=(starting_on("node1", running()),))
    assert [type(action) for action in plan_replay(parse(replay()), world, NOW).before] == [CreatePod]


def test_a_claim_for_one_pod_is_said_to_be_in_use() -> None:
    world = replace(
        WORLD, shelves=Shelves((on_modes("ReadWriteOncePod"),)), holders=(starting_on("node1", running()),)
    )
    planned = plan_replay(parse(replay()), world, NOW)
    assert (planned.before, planned.ready.reason, planned.ready.message) == (
        (),
        "VolumePending",
        (
            "Claim web-recordings is ReadWriteOncePod, so only one pod at a time may even read it, and pod "
            "web has it; this one starts when that is gone: wait, delete that, or read in it"
        ),
    )


def test_it_is_made_beside_the_toolbox_that_has_the_volume() -> None:
    """Which is on one node; where it can be on several, anywhere."""
    node = {"key": "metadata.name", "operator": "In", "values": ["node2"]}
    beside = {"nodeSelectorTerms": [{"matchFields": [node]}]}
    for mode, wanted in (("ReadWriteOnce", beside), ("ReadWriteMany", None)):
        world = replace(WORLD, shelves=Shelves((on_modes(mode),)), holders=(starting_on("node2", running()),))
        (create,) = plan_replay(parse(replay()), world, NOW).before
        assert isinstance(create, CreatePod)
        placed = create.manifest["spec"].get("affinity", {}).get("nodeAffinity", {})
        assert placed.get("requiredDuringSchedulingIgnoredDuringExecution") == wanted


@pytest.mark.parametrize(
    ("neighbour", "mode"),
    [
        pytest.param(starting_on("node1"), "ReadWriteOnce", id="same node"),
        pytest.param(starting_on("node2", running()), "ReadWriteOnce", id="it runs already"),
        pytest.param(starting_on("node2", finished()), "ReadWriteOnce", id="it is over"),
        pytest.param(starting_on(""), "ReadWriteOnce", id="no node yet"),
        pytest.param(starting_on("node2"), "ReadWriteMany", id="volume of many nodes"),
    ],
)
def test_it_makes_way_for_nobody_else(neighbour: Any, mode: str) -> None:
    moment = running_at(LATER)
    world = replace(moment.world, shelves=Shelves((on_modes(mode),)), holders=(neighbour,))
    planned, _ = look(replace(moment, world=world))
    assert (planned.ready.reason, planned.before, planned.after) == ("ReplayAvailable", (), ())
