"""All parts together against the fake API server: what is done to the cluster, also when it misbehaves.

The test plays the other people: scheduler, kubelet, volume controller, garbage collector.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from api_server import FakeApi, Json, running
from kubernetes.client.configuration import Configuration
from prometheus_client import CollectorRegistry
from resource_objects import FAREWELL, OWNER, finished, offer, troubleshooter
from resource_objects import running as running_status

from troubleshooter_operator.clock import ServerClock
from troubleshooter_operator.cluster import ApiServer
from troubleshooter_operator.informer import Pace
from troubleshooter_operator.main import Operator

PACE = Pace(watch=30, relist=30, first_retry=0.05, last_retry=0.2)
SELECTOR = "app.kubernetes.io/managed-by"


class Stage:
    """The fake cluster and an operator on it that can be killed and started again."""

    def __init__(self, api: FakeApi, address: str) -> None:
        self.api = api
        self._address = address
        self._operator: Operator | None = None
        self._cluster: ApiServer | None = None

    def start(self) -> None:
        self._cluster = ApiServer(Configuration(host=self._address, retries=False), ServerClock(), 5)
        self.registry = CollectorRegistry()
        self._operator = Operator(self._cluster, PACE, registry=self.registry)
        self._operator.start(0)

    def stop(self) -> None:
        if self._operator and self._cluster:
            self._operator.stop()
            self._cluster.close()
        self._operator = self._cluster = None

    def metric(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"troubleshooter_operator_{name}")

    def condition(self, kind: str, name: str = "web") -> tuple[str, str] | None:
        found = self.api.find("troubleshooters", name)
        conditions = ((found or {}).get("status") or {}).get("conditions") or []
        return next(((each["status"], each["reason"]) for each in conditions if each["type"] == kind), None)

    def wait_condition(self, kind: str, status: str, reason: str) -> None:
        self.api.wait(lambda: self.condition(kind) == (status, reason), f"{kind}={status} {reason}")

    def wait_pod(self) -> Json:
        found: Json = self.api.wait(lambda: self.api.find("pods", "web"), "the pod")
        return found

    def bind(self) -> None:
        """The volume controller: the claim gets a volume that would be deleted with it."""
        claim = self.api.wait(lambda: self.api.find("persistentvolumeclaims", "web-recordings"), "the claim")
        reference = {"name": "web-recordings", "uid": claim["metadata"]["uid"]}
        spec = {"persistentVolumeReclaimPolicy": "Delete", "claimRef": reference}
        self.api.put("persistentvolumes", {"metadata": {"name": "pv-1"}, "spec": spec})

        def bound(thing: Json) -> None:
            thing["spec"]["volumeName"] = "pv-1"
            thing["status"] = {"phase": "Bound"}

        self.api.change("persistentvolumeclaims", "web-recordings", bound)

    def set_pod(self, status: Json) -> None:
        """The kubelet's report."""
        status = status | {"podIP": ""}  # nobody there to ask
        self.api.change("pods", "web", lambda pod: pod.update(status=status))

    def bring_up(self) -> None:
        self.wait_pod()
        self.bind()
        self.set_pod(running_status())
        self.wait_condition("Ready", "True", "ShellAvailable")

    def end_pod(self, status: Json) -> None:
        """As a kubelet does it: the last words, then the object goes."""
        self.set_pod(status)
        if self.api.find("pods", "web"):
            self.api.remove("pods", "web")

    def volume(self) -> Json:
        found = self.api.find("persistentvolumes", "pv-1", "")
        assert found is not None
        return found


@pytest.fixture
def stage() -> Iterator[Stage]:
    api = FakeApi()
    api.put("troubleshooterclasses", offer())
    with ExitStack() as stack:
        made = Stage(api, stack.enter_context(running(api)))
        stack.callback(made.stop)
        yield made


@pytest.fixture
def up(stage: Stage) -> Stage:
    """A toolbox whose shell is available."""
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.bring_up()
    return stage


def patch_spec(stage: Stage, **spec: Any) -> None:
    def edit(thing: Json) -> None:
        thing["spec"].update(spec)
        thing["metadata"]["generation"] += 1

    stage.api.change("troubleshooters", "web", edit)


def test_from_an_empty_spec_to_a_shell(up: Stage) -> None:
    """One claim, one pod, Retain on the volume before Ready."""
    assert up.volume()["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert up.volume()["metadata"]["labels"] == {"troubleshooter.sh/recordings": "true"}
    assert up.condition("RecordingsRetained") == ("True", "Retained")
    assert up.api.count("POST .*/pods") == 1
    assert up.api.count("POST .*/persistentvolumeclaims") == 1
    patches = [each.path for each in up.api.requests if each.method in {"PATCH", "PUT"}]
    retain = next(number for number, path in enumerate(patches) if "/persistentvolumes/" in path)
    ready = next(
        number
        for number, each in enumerate([each for each in up.api.requests if each.method in {"PATCH", "PUT"}])
        if each.method == "PUT" and each.body["status"]["conditions"][0]["status"] == "True"
    )
    assert retain < ready


def test_a_settled_toolbox_is_not_written_to(up: Stage) -> None:
    """However often it is looked at."""
    up.api.wait(lambda: "ended-at" not in str(up.volume()), "the marks")
    claim = up.api.wait(
        lambda: "started-at" in str(up.api.find("persistentvolumeclaims", "web-recordings")),
        "the start on the claim",
    )
    assert claim
    up.api.wait(lambda: "started-at" in str(up.volume()), "the start on the volume")
    up.api.wait(
        lambda: (
            {"ShellAvailable", "Retained"}
            <= {thing.get("reason") for thing in up.api.objects.copy().values()}
        ),
        "the Events",
    )
    before = up.api.count("^(POST|PATCH|PUT|DELETE) ")
    lists = up.api.count("GET /api/v1/pods")
    up.api.drop_watches()
    up.api.change(
        "pods", "web", lambda pod: pod["metadata"].setdefault("annotations", {}).update(touched="1")
    )
    up.api.wait(lambda: up.api.count("GET /api/v1/pods") > lists + 1, "a new list")
    up.stop()
    assert up.api.count("^(POST|PATCH|PUT|DELETE) ") == before


def test_an_idle_end_is_told_everywhere_and_the_pod_removed(up: Stage) -> None:
    up.set_pod(finished(message=FAREWELL))
    up.wait_condition("Ended", "True", "IdleTimeout")
    up.api.wait(lambda: up.api.find("pods", "web") is None, "the pod to go")
    up.api.wait(lambda: up.volume()["metadata"]["annotations"].get("troubleshooter.sh/ended-at"), "the end")
    assert up.volume()["metadata"]["annotations"]["troubleshooter.sh/chain"] == "ab" * 32
    events = [thing for (kind, _, _), thing in up.api.objects.items() if kind == "events"]
    told = [(event["reason"], event["type"], event["count"]) for event in events]
    assert told.count(("IdleTimeout", "Normal", 1)) == 1
    assert ("Complete", "Normal", 1) in told
    assert len(told) == len(set(told))


def test_a_run_is_counted_once_also_by_an_operator_that_starts_anew(up: Stage) -> None:
    """Read once it has stopped: it tells the cluster first and counts then."""
    up.set_pod(finished(message=FAREWELL))
    up.wait_condition("Ended", "True", "IdleTimeout")
    up.stop()
    assert up.metric("ready_duration_seconds_count") == 1
    assert up.metric("sessions_total") == 1
    assert up.metric("recorded_bytes_total") == 457
    assert up.metric("end_lateness_seconds_count") == 0  # it did not end for its time to live
    before = up.api.count("PUT .*/troubleshooters/web/status")
    up.start()
    patch_spec(up, purpose="another look")
    up.api.wait(lambda: up.api.count("PUT .*/troubleshooters/web/status") > before, "another look")
    up.stop()
    assert up.metric("sessions_total") == 0


def test_stopped_is_told_on_the_pod_before_it_is_deleted(up: Stage) -> None:
    """Nobody answers for /status here, so the 3 s are waited."""
    patch_spec(up, state="Stopped")
    up.api.wait(lambda: "deletionTimestamp" in str(up.api.find("pods", "web")), "the deletion")
    pod = up.api.find("pods", "web")
    assert pod is not None
    assert pod["metadata"]["annotations"]["troubleshooter.sh/end"] == "Stopped"
    up.end_pod(finished(message=FAREWELL))
    up.wait_condition("Ended", "True", "Stopped")


def test_the_last_words_of_a_deleted_pod_are_not_lost_with_it(up: Stage) -> None:
    """All in one moment: terminated, deleted, gone."""
    up.end_pod(finished(message=FAREWELL.replace("IdleTimeout", "PodDeleted")))
    up.wait_condition("Ended", "True", "PodDeleted")
    found = up.api.find("troubleshooters", "web")
    assert found is not None
    assert found["status"]["sessionCount"] == 1


def test_a_deleted_troubleshooter_leaves_its_end_on_claim_and_volume(up: Stage) -> None:
    up.api.remove("troubleshooters", "web")
    up.end_pod(finished(message=FAREWELL))
    up.api.wait(
        lambda: (
            up.volume()["metadata"]["annotations"].get("troubleshooter.sh/ended-at") == "2026-11-22T18:59:00Z"
        ),
        "the end on the volume",
    )


def test_what_was_deleted_while_no_operator_looked_ends_unknown(up: Stage) -> None:
    up.stop()
    up.api.remove("troubleshooters", "web")
    up.api.remove("pods", "web")
    up.start()
    up.api.wait(
        lambda: up.volume()["metadata"]["annotations"].get("troubleshooter.sh/ended-at") == "unknown",
        "the end",
    )


def test_a_pod_that_vanished_while_no_operator_looked_is_lost(up: Stage) -> None:
    up.stop()
    up.api.remove("pods", "web")
    up.start()
    up.wait_condition("Ended", "True", "PodLost")
    assert up.api.count("POST .*/pods") == 1


def test_deletions_that_no_watch_told_are_found(up: Stage) -> None:
    """410 after a partition; the last object that was known was still running."""
    up.api.remove("pods", "web", silently=True)
    up.api.compact()
    up.api.drop_watches()
    up.wait_condition("Ended", "True", "PodLost")


@pytest.mark.parametrize("when", ["POST .*/persistentvolumeclaims", "POST .*/pods", "PUT .*/status"])
def test_an_operator_killed_while_provisioning_leaves_nothing_twice(stage: Stage, when: str) -> None:
    """Stopped at the moment of the request, which itself fails or not; the next operator goes on."""
    stage.api.put("troubleshooters", troubleshooter())
    stage.api.fail(when, 500, times=1)
    stage.start()
    stage.api.wait(lambda: stage.api.count(when), when)
    stage.stop()
    stage.start()
    stage.bring_up()
    made = [(kind, name) for kind, _, name in stage.api.objects if kind in {"pods", "persistentvolumeclaims"}]
    assert sorted(made) == [("persistentvolumeclaims", "web-recordings"), ("pods", "web")]


def test_an_operator_killed_while_ending_comes_to_the_same_end(up: Stage) -> None:
    """Decided, told, deleted, killed; the pod goes while nobody looks, and state is Running again."""
    patch_spec(up, state="Stopped")
    up.api.wait(lambda: "deletionTimestamp" in str(up.api.find("pods", "web")), "the deletion")
    up.stop()
    up.api.remove("pods", "web")
    patch_spec(up, state="Running")
    up.start()
    up.wait_condition("Ended", "True", "Stopped")
    assert up.api.count("POST .*/pods") == 1


def test_a_next_run_uses_the_same_claim(up: Stage) -> None:
    up.set_pod(finished(message=FAREWELL))
    up.api.wait(lambda: up.api.find("pods", "web") is None, "the pod to go")
    patch_spec(up, run=2)
    pod = up.wait_pod()
    assert pod["metadata"]["annotations"]["troubleshooter.sh/run"] == "2"
    up.set_pod(running_status())
    up.wait_condition("Ready", "True", "ShellAvailable")
    assert up.api.count("POST .*/persistentvolumeclaims") == 1


def test_a_pod_name_that_is_taken_is_waited_for_and_the_pod_left_alone(stage: Stage) -> None:
    """The foreign pod has no label, so no watch shows it."""
    foreign = stage.api.put("pods", {"metadata": {"name": "web", "namespace": "default"}, "spec": {}})
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.wait_condition("Ready", "False", "PodNameTaken")
    assert stage.api.find("pods", "web") == foreign
    assert stage.api.count("^(PATCH|DELETE) .*/pods") == 0


def test_a_claim_without_our_label_is_left_alone(stage: Stage) -> None:
    theirs = {"metadata": {"name": "web-recordings", "namespace": "default"}, "spec": {}}
    stage.api.put("persistentvolumeclaims", theirs)
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.wait_condition("Ready", "False", "ClaimNotOurs")
    assert stage.api.count("POST .*/pods") == 0
    assert stage.api.count("PATCH .*/persistentvolumeclaims") == 0


def test_a_quota_is_told_in_the_api_servers_words_and_mends_itself(stage: Stage) -> None:
    """Forbidden has no watch: it is tried again on a timer."""
    stage.api.fail("POST .*/pods", 403, 'pods "web" is forbidden: exceeded quota: small', times=1)
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.wait_condition("Ready", "False", "Forbidden")
    found = stage.api.find("troubleshooters", "web")
    assert found is not None
    assert found["status"]["conditions"][0]["message"] == (
        'The API server refuses: pods "web" is forbidden: exceeded quota: small'
    )
    assert "run" not in found["status"]
    stage.api.wait(lambda: stage.api.find("pods", "web"), "another try", seconds=20)


def test_no_shell_is_promised_where_retain_may_not_be_set(stage: Stage) -> None:
    stage.api.fail("PATCH .*/persistentvolumes/pv-1", 403, "not by you", times=100)
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.wait_pod()
    stage.bind()
    stage.set_pod(running_status())
    stage.wait_condition("RecordingsRetained", "False", "NotPermitted")
    stage.wait_condition("Ready", "False", "Forbidden")
    pod = stage.wait_pod()
    assert "troubleshooter.sh/recordings-retained" not in pod["metadata"]["annotations"]


def test_a_class_that_comes_later_is_taken_up_by_itself(stage: Stage) -> None:
    stage.api.remove("troubleshooterclasses", "default", "")
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.wait_condition("Ready", "False", "ClassNotFound")
    stage.api.put("troubleshooterclasses", offer())
    stage.wait_pod()


def test_a_pod_whose_labels_were_taken_off_is_found_and_marked_again(up: Stage) -> None:
    """For the watch it is deleted; it is not."""
    up.api.change("pods", "web", lambda pod: pod["metadata"].update(labels={}))
    # The fake's watch tells only of what has the label, as a real one does by DELETED.
    up.api.compact()
    up.api.drop_watches()
    up.api.wait(lambda: SELECTOR in str(up.api.find("pods", "web")), "the labels")
    assert up.condition("Ended") == ("False", "Running")


def test_one_broken_resource_does_not_keep_the_others_waiting(stage: Stage) -> None:
    """A status that nobody can read, written by hand: an error for this one alone."""
    broken = troubleshooter(None, {"run": 1, "resolved": {"nonsense": True}}, name="broken", uid="broken")
    stage.api.put("troubleshooters", broken)
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.wait_pod()


def test_conflicts_and_errors_on_the_way_are_overcome(stage: Stage) -> None:
    for pattern, status in (
        ("PUT .*/status", 409),
        ("POST .*/pods", 500),
        ("GET .*/troubleshooters/web", 503),
    ):
        stage.api.fail(pattern, status, times=2)
    stage.api.put("troubleshooters", troubleshooter())
    stage.start()
    stage.bring_up()
    assert stage.api.find("pods", "web")["metadata"]["ownerReferences"][0]["uid"] == OWNER  # type: ignore[index] # up
