"""From nothing to a started container: what is made, what is refused with which words, what is replaced."""

from typing import Any

import pytest
from resource_objects import (
    IMAGE,
    NOW,
    OWNER,
    POD_UID,
    claim,
    condition,
    ended_status,
    offer,
    pod,
    run_status,
    troubleshooter,
    volume,
)

from troubleshooter_agent.contract import EndReason
from troubleshooter_operator.actions import Announce, CreateClaim, CreatePod, DeletePod, PatchPod, PatchVolume
from troubleshooter_operator.plan import plan
from troubleshooter_operator.resources import troubleshooter as parse
from troubleshooter_operator.world import Plan, World

CLASSES = (offer(),)
NOT_STARTED = {"startedAt": None, "observedRunningAt": None, "expiresAt": None, "imageID": None}


def look(spec: Any = None, status: Any = None, world: World | None = None, now: float = NOW) -> Plan:
    return plan(parse(troubleshooter(spec, status)), world or World(CLASSES), now)


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {
        "phase": "Pending",
        "startTime": "2026-11-22T18:40:00Z",
        "containerStatuses": [{"name": "toolbox", "restartCount": 0, "state": state}],
    } | more


def fresh_pod(status: Any = None, **metadata: Any) -> dict[str, Any]:
    """The pod that the plan for an empty spec makes, with the hash that it made."""
    create = look().before[-1]
    assert isinstance(create, CreatePod)
    made = create.manifest
    given = {"uid": POD_UID, "resourceVersion": "60"} | metadata
    return made | {"metadata": made["metadata"] | given, "status": status or {"phase": "Pending"}}


def pending(spec: Any = None, *, pod: Any, claim: Any = None, volume: Any = None, now: float = NOW) -> Plan:
    return look(spec, run_status(**NOT_STARTED), World(CLASSES, pod=pod, claim=claim, volume=volume), now)


def test_an_empty_spec_makes_a_claim_and_then_a_pod() -> None:
    planned = look()
    assert [type(action) for action in planned.before] == [CreateClaim, CreatePod]
    assert (planned.ready.reason, planned.ready.status) == ("Provisioning", False)
    assert planned.run is not None
    assert planned.run.number == 1
    assert planned.unbegun is None


def test_a_claim_that_is_there_is_used_as_it_is() -> None:
    planned = look(world=World(CLASSES, claim=claim()))
    assert [type(action) for action in planned.before] == [CreatePod]


def test_a_pod_is_only_made_for_the_version_that_was_looked_at() -> None:
    create = look().before[-1]
    assert isinstance(create, CreatePod)
    assert (create.owner_uid, create.owner_name, create.owner_version) == (OWNER, "web", "50")


def test_created_stopped_makes_nothing() -> None:
    planned = look({"state": "Stopped"})
    assert planned.before == ()
    assert planned.after == ()
    assert planned.run is None
    assert planned.ready.reason == "Stopped"


def test_a_resource_that_is_being_deleted_makes_nothing() -> None:
    found = troubleshooter(deletionTimestamp="2026-11-22T18:40:00Z")
    planned = plan(parse(found), World(CLASSES), NOW)
    assert planned.before == ()
    assert planned.run is None


@pytest.mark.parametrize(
    ("spec", "classes", "reason", "message"),
    [
        pytest.param(
            {"troubleshooterClassName": "gold"},
            CLASSES,
            "ClassNotFound",
            "There is no TroubleshooterClass gold; kubectl get troubleshooterclasses lists them",
            id="no such class",
        ),
        pytest.param(
            {},
            (offer(default=False),),
            "ClassNotFound",
            "There is no default TroubleshooterClass; name one in spec.troubleshooterClassName, or mark one "
            "with the annotation troubleshooter.sh/is-default-class=true",
            id="no default class",
        ),
        pytest.param(
            {"timeToLive": "90m"},
            (offer({"timeToLive": {"default": "15m", "max": "30m"}}),),
            "NotAllowed",
            "timeToLive 90m is above the 30m that class default allows; ask for less",
            id="time to live above the class",
        ),
        pytest.param(
            {"idleTimeout": "2h"},
            CLASSES,
            "NotAllowed",
            "idleTimeout 2h is above the 1h that class default allows; ask for less",
            id="idle time-out above the class",
        ),
        pytest.param(
            {"saveToDisk": {"enabled": True, "size": "11Gi"}},
            CLASSES,
            "NotAllowed",
            "saveToDisk.size 11Gi is above the 10Gi that class default allows; ask for less",
            id="size above the class",
        ),
        pytest.param(
            {"image": "evil.example/miner:1"},
            CLASSES,
            "NotAllowed",
            "image evil.example/miner:1 is not on the list of class default; it allows "
            "registry.example/toolbox:1, registry.example/team/*",
            id="image not on the list",
        ),
        pytest.param(
            {},
            (offer({"timeToLive": {"default": "1h"}}),),
            "ClassNotFound",
            "TroubleshooterClass default cannot be used: spec.timeToLive.max is missing; mend the class",
            id="class with a missing field",
        ),
    ],
)
def test_what_the_class_does_not_offer_is_refused_in_a_sentence(
    spec: Any, classes: Any, reason: str, message: str
) -> None:
    """Nothing is made, the message names both values, and it is looked at again."""
    planned = look(spec, world=World(classes))
    assert planned.before == ()
    assert (planned.ready.reason, planned.ready.status) == (reason, False)
    assert planned.ready.message == message
    assert planned.look_again == NOW + 10


def test_of_several_default_classes_the_newest_counts() -> None:
    older = offer(name="older")
    newer = offer({"images": {"default": "registry.example/new:1", "allowed": []}}, name="newer")
    newer["metadata"]["creationTimestamp"] = "2026-11-02T00:00:00Z"
    planned = look(world=World((newer, older)))
    assert planned.run is not None
    assert planned.run.resolved is not None
    assert (planned.run.resolved.class_name, planned.run.resolved.image) == (
        "newer",
        "registry.example/new:1",
    )


def test_a_pod_of_somebody_else_is_left_alone() -> None:
    foreign = pod(ownerReferences=[])
    planned = look(world=World(CLASSES, pod=foreign))
    assert planned.before == ()
    assert planned.after == ()
    assert planned.ready.reason == "PodNameTaken"
    assert planned.ready.message == (
        "Pod web exists and belongs to somebody else, so it is left alone; delete it, or make the "
        "Troubleshooter with another spec.name"
    )
    assert planned.look_again == NOW + 10


def test_a_pod_of_an_earlier_owner_that_is_going_is_waited_for() -> None:
    """Deleted and made again within the grace period: no PodNameTaken in between."""
    old = pod(deletionTimestamp="2026-11-22T18:40:00Z")
    old["metadata"]["ownerReferences"][0]["uid"] = "another-uid"
    planned = look(world=World(CLASSES, pod=old))
    assert planned.before == ()
    assert planned.ready.reason == "Provisioning"


def test_a_claim_that_is_going_is_waited_for() -> None:
    going = claim(deletionTimestamp="2026-11-22T18:40:00Z")
    planned = look(world=World(CLASSES, claim=going))
    assert planned.before == ()
    assert planned.ready.reason == "VolumePending"


@pytest.mark.parametrize(
    ("status", "spec", "reason", "words"),
    [
        pytest.param(
            waiting("ImagePullBackOff", "Back-off pulling image"),
            {"nodeName": "n"},
            "ImagePullFailed",
            f"Image {IMAGE} cannot be pulled: Back-off pulling image; mend the image, its registry or the "
            "class's imagePullSecrets",
            id="image cannot be pulled",
        ),
        pytest.param(
            waiting("ErrImageNeverPull"),
            {"nodeName": "n"},
            "ImagePullFailed",
            "ErrImageNeverPull",
            id="never pull",
        ),
        pytest.param(
            waiting("InvalidImageName", "couldn't parse image name"),
            {"nodeName": "n"},
            "ImagePullFailed",
            "couldn't parse image name",
            id="image name",
        ),
        pytest.param(
            waiting(
                "RunContainerError",
                'failed to create task: exec: "/opt/troubleshooter/bin/troubleshooter-agent": stat '
                "/opt/troubleshooter/bin/troubleshooter-agent: no such file or directory: unknown",
            ),
            {"nodeName": "n"},
            "ImageWithoutAgent",
            f"Image {IMAGE} has no agent at /opt/troubleshooter/bin/troubleshooter-agent, so nothing could "
            "be recorded in it; ask for an image that contains the agent",
            id="no agent, container waiting",
        ),
        pytest.param(
            waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
            {"nodeName": "n"},
            "Provisioning",
            "cannot run without root",
            id="image of root",
        ),
        pytest.param(
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes are available: 3 Insufficient cpu.",
                    }
                ],
            },
            {},
            "Unschedulable",
            "No node can take the pod: 0/3 nodes are available: 3 Insufficient cpu; it comes by itself once "
            "there is room: free some, or ask for less (resources of the class, nodeSelector)",
            id="no node",
        ),
        pytest.param(
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "pod has unbound immediate PersistentVolumeClaims",
                    }
                ],
            },
            {},
            "VolumePending",
            "Claim web-recordings is not bound: pod has unbound immediate PersistentVolumeClaims; mend its "
            "StorageClass",
            id="claim not bound",
        ),
        pytest.param({"phase": "Pending"}, {}, "Provisioning", "The pod waits for a node", id="just made"),
    ],
)
def test_why_a_pod_has_not_started(status: Any, spec: Any, reason: str, words: str) -> None:
    """The reason of Ready and a sentence with the cause and the remedy; the pod stays as it is."""
    made = fresh_pod(status)
    made["spec"] = made["spec"] | spec
    planned = pending(pod=made, claim=claim(phase="Pending"))
    assert (planned.ready.reason, planned.ready.status) == (reason, False)
    assert words in planned.ready.message
    assert planned.before == ()
    assert planned.after == ()


def test_a_claim_whose_provisioner_is_slow_is_named_with_it() -> None:
    slow = claim(
        phase="Pending",
        annotations={
            "volume.kubernetes.io/selected-node": "node1",
            "volume.kubernetes.io/storage-provisioner": "rancher.io/local-path",
        },
    )
    planned = pending(pod=fresh_pod(), claim=slow)
    assert planned.ready.reason == "VolumePending"
    assert planned.ready.message == "Claim web-recordings waits for rancher.io/local-path to make its volume"


def test_a_lost_claim_is_told() -> None:
    planned = pending(pod=fresh_pod(), claim=claim(phase="Lost"))
    assert planned.ready.reason == "VolumePending"


def test_an_image_without_agent_whose_pod_has_failed_stays_until_it_is_mended() -> None:
    """The kubelet makes it Failed at once; the sentence must not vanish with it."""
    terminated = {
        "exitCode": 128,
        "reason": "StartError",
        "message": 'exec: "/opt/troubleshooter/bin/troubleshooter-agent": no such file or directory',
        "startedAt": "1970-01-01T00:00:00Z",
    }
    container = {
        "name": "toolbox",
        "restartCount": 0,
        "imageID": "sha256:debian",
        "state": {"terminated": terminated},
    }
    failed = fresh_pod(
        {"phase": "Failed", "startTime": "2026-11-22T18:40:00Z", "containerStatuses": [container]}
    )
    failed["spec"]["nodeName"] = "node1"
    planned = pending(pod=failed, claim=claim(), volume=volume())
    assert planned.ready.reason == "ImageWithoutAgent"
    assert planned.after == ()
    assert planned.run is not None
    assert planned.run.ended is None
    assert planned.run.image_id is None  # of the next pod, with the mended image, it would be another


def test_a_change_before_the_start_replaces_the_pod() -> None:
    """The status forgets the pod first, and the deletion names the version: a started container stays."""
    planned = pending({"image": "registry.example/team/other:1"}, pod=fresh_pod(), claim=claim())
    assert planned.after == (DeletePod("default", "web", POD_UID, "60"),)
    assert planned.run is not None
    assert planned.run.pod_uid is None
    assert planned.run.ended is None


def test_a_replaced_pod_stays_forgotten_while_it_goes() -> None:
    """Should the operator be killed now, the missing pod is no lost one."""
    going = fresh_pod(deletionTimestamp="2026-11-22T18:40:00Z")
    forgotten = run_status(**NOT_STARTED, podUID=None)
    planned = look(
        {"image": "registry.example/team/other:1"}, forgotten, World(CLASSES, pod=going, claim=claim())
    )
    assert planned.run is not None
    assert planned.run.pod_uid is None
    assert planned.before == ()
    assert planned.after == ()


def test_a_change_before_the_start_that_is_not_allowed_takes_the_pod_away() -> None:
    planned = pending({"image": "evil.example/miner:1"}, pod=fresh_pod(), claim=claim())
    assert planned.after == (DeletePod("default", "web", POD_UID, "60"),)
    assert planned.ready.reason == "NotAllowed"


def test_a_pod_that_was_replaced_is_made_anew() -> None:
    replaced = run_status(**NOT_STARTED, podUID=None)
    planned = look({"image": "registry.example/team/other:1"}, replaced, World(CLASSES, claim=claim()))
    assert [type(action) for action in planned.before] == [CreatePod]


def test_stopped_before_the_start_ends_the_run_at_once() -> None:
    planned = pending({"state": "Stopped"}, pod=fresh_pod(), claim=claim())
    assert planned.run is not None
    assert planned.run.ended is not None
    assert planned.run.ended.reason == "Stopped"
    assert DeletePod("default", "web", POD_UID) in planned.after


@pytest.mark.parametrize(
    ("seconds", "over"),
    [(599, False), (600, True)],
)
def test_a_start_takes_at_most_ten_minutes_from_its_acceptance(seconds: int, over: bool) -> None:  # noqa: FBT001
    """From pod.status.startTime, here 18:40:00."""
    accepted = NOW - 3
    planned = pending(pod=fresh_pod(waiting("ContainerCreating")), claim=claim(), now=accepted + seconds)
    assert planned.run is not None
    assert (planned.run.ended is not None) == over
    if over:
        assert planned.run.ended is not None
        assert planned.run.ended.reason == "StartFailed"
        assert DeletePod("default", "web", POD_UID) in planned.after
        assert [type(action) for action in planned.before] == [Announce]
    else:
        assert planned.look_again == accepted + 600


def test_what_keeps_a_pod_from_a_node_has_no_deadline() -> None:
    planned = pending(pod=fresh_pod({"phase": "Pending"}), claim=claim(phase="Pending"), now=NOW + 86400)
    assert planned.run is not None
    assert planned.run.ended is None
    assert planned.look_again is None


def test_retain_is_set_when_the_claim_is_bound_and_not_only_when_the_toolbox_is_ready() -> None:
    unmarked = volume(policy="Delete", marked=False)
    planned = pending(pod=fresh_pod(waiting("ContainerCreating")), claim=claim(), volume=unmarked)
    patches = [action for action in planned.before if isinstance(action, PatchVolume)]
    assert len(patches) == 1
    assert patches[0].name == "pv-1"
    assert patches[0].patch["spec"] == {"persistentVolumeReclaimPolicy": "Retain"}
    assert patches[0].patch["metadata"]["resourceVersion"] == "80"
    assert patches[0].patch["metadata"]["labels"] == {"troubleshooter.sh/recordings": "true"}
    assert planned.run is not None
    assert planned.run.retained is not None
    assert planned.run.retained.reason == "Pending"


def test_a_pod_is_told_of_retain_before_it_starts() -> None:
    planned = pending(pod=fresh_pod(waiting("ContainerCreating")), claim=claim(), volume=volume())
    told = [action for action in planned.before if isinstance(action, PatchPod)]
    assert told == [PatchPod("default", "web", POD_UID, {"troubleshooter.sh/recordings-retained": "yes"}, {})]


def test_a_volume_of_another_claim_is_not_touched() -> None:
    planned = pending(
        pod=fresh_pod(waiting("ContainerCreating")),
        claim=claim(),
        volume=volume(policy="Delete", marked=False, claim_uid="another"),
    )
    assert planned.before == ()


@pytest.mark.parametrize(
    "spec",
    [{"run": 1}, {"run": 1, "state": "Stopped"}],
)
def test_an_ended_run_stays_ended(spec: Any) -> None:
    planned = look(spec, ended_status(), World(CLASSES))
    assert planned.before == ()
    assert planned.after == ()
    assert planned.ready.reason == "Ended"
    assert planned.run is not None
    assert planned.run.number == 1


def test_a_higher_run_starts_the_next_one_on_the_same_claim() -> None:
    planned = look({"run": 2}, ended_status(), World(CLASSES, claim=claim()))
    assert [type(action) for action in planned.before] == [CreatePod]
    create = planned.before[0]
    assert isinstance(create, CreatePod)
    assert create.manifest["metadata"]["annotations"]["troubleshooter.sh/run"] == "2"
    assert planned.run is not None
    assert (planned.run.number, planned.run.ended, planned.run.started_at) == (2, None, None)


def test_a_next_run_that_is_refused_leaves_the_last_one_in_the_status() -> None:
    planned = look({"run": 2, "image": "evil.example/x:1"}, ended_status(), World(CLASSES, claim=claim()))
    assert planned.ready.reason == "NotAllowed"
    assert planned.run is not None
    assert planned.run.number == 1
    assert planned.run.ended is not None


def test_a_next_run_waits_while_stopped() -> None:
    planned = look({"run": 2, "state": "Stopped"}, ended_status(), World(CLASSES, claim=claim()))
    assert planned.before == ()
    assert planned.ready.reason == "Ended"
    assert planned.ready.message == "Run 1 has ended; spec.run: 2 and spec.state: Running starts the next one"


def test_a_next_run_waits_for_the_last_pod_to_go() -> None:
    planned = look({"run": 2}, ended_status(), World(CLASSES, pod=pod(), claim=claim()))
    assert planned.before == ()
    assert planned.after == (DeletePod("default", "web", POD_UID),)
    assert planned.ready.reason == "Provisioning"


def test_a_pod_that_was_made_before_the_operator_was_killed_is_taken_up() -> None:
    """Killed between the pod's creation and the status: nothing is made twice."""
    planned = look({}, None, World(CLASSES, pod=fresh_pod(), claim=claim(phase="Pending")))
    assert planned.before == ()
    assert planned.after == ()
    assert planned.run is not None
    assert planned.run.pod_uid == POD_UID


def test_a_pod_that_was_made_for_a_resource_now_stopped_is_taken_away() -> None:
    planned = look({"state": "Stopped"}, None, World(CLASSES, pod=fresh_pod()))
    assert planned.after == (DeletePod("default", "web", POD_UID),)


def test_the_message_of_a_start_failure_is_a_reason_of_the_contract() -> None:
    planned = pending(pod=fresh_pod(waiting("ContainerCreating")), claim=claim(), now=NOW + 3600)
    announced = [action for action in planned.before if isinstance(action, Announce)]
    assert announced[0].reason is EndReason.START_FAILED


def test_conditions_of_before_do_not_leak_into_a_new_run() -> None:
    status = ended_status(recordings={"claimName": "web-recordings"})
    status["conditions"][1] = condition("RecordingsRetained", "True", "Retained")
    planned = look({"run": 2}, status, World(CLASSES))
    assert planned.run is not None
    assert planned.run.retained is not None
    assert planned.run.retained.reason == "Pending"
